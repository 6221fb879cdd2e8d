import type { Schema } from './schema.js';

/** What functions give, whatever they are given. */
export const CALLS: Readonly<Record<string, Schema>> = { size: 'int', string: 'text', int: 'int', double: 'number', bool: 'boolean' };

export const LOOP_METHODS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

export interface Signature {
  on: Schema;
  takes: readonly Schema[];
  gives: Schema;
}

const asked: Signature = { on: 'text', takes: ['text'], gives: 'boolean' };
const changed: Signature = { on: 'text', takes: [], gives: 'text' };
const found: Signature = { on: 'text', takes: ['text', 'int'], gives: 'int' };

/** Those that conditions call. cel-js itself refuses a wrong number of arguments. */
export const METHODS: Readonly<Record<string, Signature>> = {
  startsWith: asked,
  endsWith: asked,
  contains: asked,
  matches: asked,
  lowerAscii: changed,
  upperAscii: changed,
  trim: changed,
  indexOf: found,
  lastIndexOf: found,
  substring: { on: 'text', takes: ['int', 'int'], gives: 'text' },
  split: { on: 'text', takes: ['text', 'int'], gives: ['text'] },
  join: { on: ['text'], takes: ['text'], gives: 'text' },
};
