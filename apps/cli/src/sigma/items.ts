import { describeKnown, nearest } from '@tocsin/extension';
import { Comparison } from './comparison.js';
import type { DetectionDeps, Place } from './detection.js';
import { LOST, not, type Expression } from './expression.js';
import { fieldOf } from './fields.js';
import { MODIFIERS } from './modifiers.js';

/** `field|modifier|modifier: value`. */
export interface Item {
  field: string;
  modifiers: readonly string[];
  value: unknown;
  place: Place;
  /** It is all that its map says. */
  alone: boolean;
}

/** Undefined: it may be left out. */
export function compileItem(item: Item, deps: DetectionDeps): Expression | undefined {
  const { place, modifiers } = item;
  const lost = (message: string): Expression => {
    deps.remarks.lost(place, message);
    return LOST;
  };
  const field = fieldOf(deps.source, item.field);
  if (field === undefined) {
    // Where nothing is like the log source, that has been told, and no field of it can be known.
    if (deps.source === undefined) return LOST;
    return lost(`is a field that violations have no equivalent of${meant(item.field, Object.keys(deps.source.fields))}`);
  }
  const unknown = modifiers.find((modifier) => !MODIFIERS.includes(modifier));
  if (unknown !== undefined) return lost(`has the modifier "${unknown}", which Sigma does not know; ${describeKnown(unknown, MODIFIERS)}`);
  if (field.implied !== undefined) {
    if (item.alone) return lost('is a field that violations have no equivalent of');
    deps.remarks.note(place, field.implied);
    return undefined;
  }
  const found = new Comparison(item, field, deps).compile();
  return modifiers.includes('neq') ? not(found) : found;
}

function meant(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
