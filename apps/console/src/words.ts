import type { Action, Incident } from './api/types.js';

/** How the console says what the API names. */
export const SEVERITIES = ['', 'Info', 'Low', 'Medium', 'High', 'Critical', 'Fatal'] as const;
export const SEVERITY_FILTERS = ['informational', 'low', 'medium', 'high', 'critical', 'fatal'] as const;

export const STATUS_WORDS: Record<Incident['status'], string> = {
  open: 'Open',
  acknowledged: 'Acknowledged',
  contained: 'Contained',
  resolved: 'Resolved',
};

export const STATE_WORDS: Record<Action['state'], string> = {
  planned: 'Observed only',
  awaiting_approval: 'Awaits approval',
  approved: 'Approved',
  running: 'Running',
  active: 'In force',
  reverting: 'Being reverted',
  reverted: 'Reverted',
  succeeded: 'Done',
  failed: 'Failed',
  rejected: 'Rejected',
  expired: 'Expired',
  refused: 'Refused',
};

/** `1 pod`, `3 pods`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

export function plain(word: string): string {
  const text = word.replaceAll('_', ' ').replaceAll('-', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units of a time, for example `2 h 5 m`. */
export function duration(ms: number): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const n = Math.floor(seconds / size);
    if (n > 0 || (parts.length === 0 && unit === 's')) parts.push(`${n} ${unit}`);
    else if (parts.length > 0) break;
    seconds -= n * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}

/** `now`, `4 m ago`, `in 2 h`. */
export function relative(time: string, now: number): string {
  const ms = now - Date.parse(time);
  const away = Math.abs(ms);
  if (away < 5_000) return 'now';
  const [unit, size] = UNITS.find(([, seconds]) => away >= seconds * 1000) ?? ['s', 1];
  const n = Math.floor(away / (size * 1000));
  return ms > 0 ? `${n} ${unit} ago` : `in ${n} ${unit}`;
}

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(1)} KiB`;
  return `${(n / 1024 / 1024).toFixed(1)} MiB`;
}

/** What an incident is about, most telling first: its workload, else its pod, node or whatever there is. */
export function about({ entities, group }: Pick<Incident, 'entities' | 'group'>): string {
  for (const type of ['workload', 'pod', 'node', 'user', 'image', 'container', 'address'] as const) {
    const found = entities.filter((entity) => entity.type === type);
    if (found.length > 0) return (found[0]?.name ?? '') + (found.length > 1 ? ` +${found.length - 1}` : '');
  }
  return Object.values(group).join(' ');
}
