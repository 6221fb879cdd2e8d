import { ENCODINGS } from './encodings.js';
import type { Position } from './pattern.js';

/** The modifiers of Sigma's values: `field|modifier: value`. */
export const POSITIONS: readonly string[] = ['contains', 'startswith', 'endswith'] satisfies Position[];
export const COMPARISONS: Readonly<Record<string, string>> = { lt: '<', lte: '<=', gt: '>', gte: '>=' };
/** Of regular expressions. */
export const FLAGS: readonly string[] = ['i', 'm', 's'];
export const TIMES: readonly string[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];

export const MODIFIERS: readonly string[] = [
  ...['all', 'cased', 'cidr', 'exists', 'expand', 'fieldref', 'neq', 're', 'windash'],
  ...POSITIONS,
  ...Object.keys(COMPARISONS),
  ...FLAGS,
  ...TIMES,
  ...ENCODINGS,
];
