import { unknownFields } from '../cel/fields.js';
import { FilterError } from '../cel/filter-error.js';
import type { EventVariable } from '../cel/filter.js';

/** What other languages call what CEL writes with signs. */
const SIGNS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', '=': '==', '&': '&&', '|': '||', '<>': '!=' };

/** Methods that other languages write between two values. */
const METHODS = new Set(['contains', 'startsWith', 'endsWith', 'matches']);

/** What people who know another language most likely meant at that place of a condition that is not valid; else empty. */
export function conditionHint(source: string, offset: number, variable: EventVariable): string {
  const found = tokenAt(source, offset);
  const sign = SIGNS[found.toLowerCase()];
  if (sign !== undefined) return `; write "${sign}" for "${found}"`;
  if (METHODS.has(found)) return `; write it as a call: ${variable}.name.${found}("…")`;
  if (!/^[A-Za-z_][\w.]*$/.test(found) || /^(?:violation|incident|action|in)\b/.test(found)) return '';
  if (isField(found, variable)) return `; did you mean "${variable}.${found}"?`;
  return `; text stands in quotes: "${found}"`;
}

/** The word, or the run of signs, that holds the character. */
function tokenAt(source: string, offset: number): string {
  for (const match of source.matchAll(/[\w.]+|[^\w\s"'()[\]]+/g)) {
    if (offset < match.index + match[0].length) return offset >= match.index ? match[0] : '';
  }
  return '';
}

function isField(path: string, variable: EventVariable): boolean {
  if (!/^\w+(?:\.\w+)*$/.test(path)) return false;
  try {
    return unknownFields(`${variable}.${path}`, variable).length === 0;
  } catch (error) {
    // A word that CEL keeps for itself, such as `in`.
    if (error instanceof FilterError) return false;
    throw error;
  }
}
