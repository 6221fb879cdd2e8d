import type { Violation } from '@tocsin/domain';
import { UsageError } from '../command.js';

/** Violations as the API, the log and the webhooks have them: one, a list, a page of the API, or one in each line. */
export function readViolations(text: string): Violation[] {
  const items = valuesIn(text).flatMap(itemsOf);
  if (items.length === 0) throw new UsageError('there are no events');
  return items.map((item, index) => {
    const missing = missingIn(item);
    if (missing === undefined) return item as Violation;
    throw new UsageError(`event ${index + 1} is no violation: ${missing}; if a sensor sent it, say which by --source, as in --source falco`);
  });
}

function valuesIn(text: string): unknown[] {
  const whole = parse(text);
  if (whole !== undefined) return [whole.value];
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const parsed = parse(line);
    if (parsed === undefined) throw new UsageError(`the events are no JSON: neither as a whole nor line ${index + 1} by itself`);
    return [parsed.value];
  });
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** A page has `items`, evidence has the violation in each, and a webhook's body has it in `data`. */
function itemsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(itemsOf);
  const { items, violation, data } = (value ?? {}) as { items?: unknown; violation?: unknown; data?: unknown };
  if (Array.isArray(items)) return items.flatMap(itemsOf);
  return [violation ?? data ?? value];
}

const NEEDED = { id: 'string', name: 'string', severity_id: 'number', time: 'string', cluster: 'string', workload: 'object' } as const;

function missingIn(item: unknown): string | undefined {
  if (item === null || typeof item !== 'object') return 'it is no map';
  const fields = item as Record<string, unknown>;
  const missing = Object.entries(NEEDED).find(([key, type]) => typeof fields[key] !== type || fields[key] === null);
  if (missing !== undefined) return `it has no "${missing[0]}"`;
  return Number.isNaN(Date.parse(String(fields['time']))) ? 'its "time" is none' : undefined;
}
