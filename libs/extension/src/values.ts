import { SEVERITIES, severityId, type SeverityId } from '@tocsin/domain';
import { z } from 'zod';
import { describeKnown } from './nearest.js';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Nothing here waits longer, and a larger number is a slip of the hand. */
const DURATION_MAX_MS = 3_650 * UNIT_MS.d;

// `meta` says in the published JSON Schema what a transform cannot.

/** A length of time as people write it: `30s`, `5m`, `1h`, `2d`, `500ms`; parsed to milliseconds. */
export const duration = z
  .unknown()
  .transform((value, context): number => {
    const match = typeof value === 'string' ? /^(\d{1,12})(ms|s|m|h|d)$/.exec(value) : null;
    if (match === null) {
      const advice = inWords(value);
      const message = `expected a duration such as "30s", "5m", "1h" or "2d"${advice === undefined ? '' : `; did you mean "${advice}"?`}`;
      context.addIssue({ code: 'custom', input: value, message });
      return z.NEVER;
    }
    const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
    if (ms <= DURATION_MAX_MS) return ms;
    context.addIssue({ code: 'custom', input: value, message: 'expected at most 3650d' });
    return z.NEVER;
  })
  .meta({ type: 'string', pattern: '^\\d{1,12}(ms|s|m|h|d)$' });

/** `5 minutes` as it is written here: `5m`. */
function inWords(value: unknown): string | undefined {
  const match = typeof value === 'string' ? /^\s*(\d{1,12})\s*(ms|milli|s|m|h|d)[a-z]*\.?\s*$/i.exec(value) : null;
  const unit = match?.[2]?.toLowerCase();
  return unit === undefined ? undefined : `${match?.[1]}${unit === 'milli' ? 'ms' : unit}`;
}

/** An OCSF severity caption in any case, parsed to `severity_id`. */
export const severity = z
  .unknown()
  .transform((value, context): SeverityId => {
    const id = typeof value === 'string' ? severityId(value) : undefined;
    if (id !== undefined) return id;
    const known = Object.values(SEVERITIES).map((name) => name.toLowerCase());
    const message = typeof value === 'string' ? `is "${value.slice(0, 40)}"; ${describeKnown(value, known)}` : `expected one of: ${known.join(', ')}`;
    context.addIssue({ code: 'custom', input: value, message });
    return z.NEVER;
  })
  .meta({ type: 'string', enum: Object.values(SEVERITIES).flatMap((name) => [name.toLowerCase(), name]) });
