import type { EventVariable } from './filter.js';
import { EVENTS, isList, under, valuesOf, type Schema } from './schema.js';

/** Upper bounds of a value: characters of a text; items of a list or entries of a map, and the largest of these. */
export interface Size {
  readonly chars: number;
  readonly items: number;
  readonly item?: Size;
  /** Of a map whose fields are known: each of them. */
  readonly fields?: ReadonlyMap<string, Size>;
}

export const NOTHING: Size = { chars: 0, items: 0 };

export function textSize(chars: number): Size {
  return { chars, items: 0 };
}

export function listSize(items: number, item: Size): Size {
  return { chars: 0, items, item };
}

/** A value of unknown form that was made of so many characters: it may have as many items, which are as large themselves. */
class Formless implements Size {
  readonly chars: number;
  readonly items: number;
  constructor(chars: number) {
    this.chars = chars;
    this.items = chars;
  }
  get item(): Size {
    return this;
  }
}

export function formless(chars: number): Size {
  return new Formless(chars);
}

export function larger(a: Size, b: Size): Size {
  if (a instanceof Formless || b instanceof Formless) return formless(Math.max(longest(a), longest(b)));
  const sum = { chars: Math.max(a.chars, b.chars), items: Math.max(a.items, b.items) };
  if (a.item === undefined || b.item === undefined) {
    const item = a.item ?? b.item;
    return item === undefined ? sum : { ...sum, item };
  }
  return { ...sum, item: larger(a.item, b.item) };
}

/** The largest number of characters or items in it, at any depth. */
function longest(size: Size): number {
  const here = Math.max(size.chars, size.items);
  return size instanceof Formless || size.item === undefined ? here : Math.max(here, longest(size.item));
}

/** How much there is to read in all of it. */
export function weight(size: Size): number {
  if (size instanceof Formless) return Infinity;
  return size.chars + (size.item === undefined ? 0 : size.items * (1 + weight(size.item)));
}

/** What ingest cuts lists and texts to (its `BOUNDS`), and the correlator the entities and violations of an incident. */
const TEXT_MAX = 4_096;
const LONG_TEXTS: Readonly<Record<string, number>> = {
  'violation.raw': 32_768,
  'violation.process.cmd_line': 8_192,
  'violation.process.parent.cmd_line': 8_192,
  'violation.name': 256,
  'violation.tags.*': 128,
  'violation.attacks.*.tactic': 200,
  'violation.attacks.*.technique': 16,
  'violation.labels.*': 1_024,
  'incident.entities.*.name': 1_024,
};
/** Of lists that nobody cuts; the record of an event, 1 MiB, bounds them. */
const LIST_MAX = 1_000;
const LISTS: Readonly<Record<string, number>> = {
  'violation.tags': 64,
  'violation.attacks': 32,
  'violation.labels': 64,
  'incident.entities': 50,
  'incident.violations': 20,
  'incident.group': 32,
  'incident.muted': 5,
};

/** The largest value at a path of an event. `*` in a path stands for any item. */
function sizeAt(schema: Schema, path: string): Size {
  if (schema === 'text') return textSize(LONG_TEXTS[path] ?? TEXT_MAX);
  if (schema === 'any') return formless(LIST_MAX);
  if (typeof schema === 'string') return NOTHING;
  const held = isList(schema) ? schema[0] : valuesOf(schema);
  if (held !== undefined) return listSize(LISTS[path] ?? LIST_MAX, sizeAt(held, `${path}.*`));
  const fields = new Map(Object.keys(schema).map((name) => [name, sizeAt(under(schema, name) as Schema, `${path}.${name}`)]));
  return { ...listSize(fields.size, [...fields.values()].reduce(larger, NOTHING)), fields };
}

/** The largest events that are accepted. */
export const EVENT_SIZES: Readonly<Record<EventVariable, Size>> = {
  violation: sizeAt(EVENTS.violation, 'violation'),
  incident: sizeAt(EVENTS.incident, 'incident'),
  action: sizeAt(EVENTS.action, 'action'),
};
