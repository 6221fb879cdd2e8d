import { FilterError, compileFilter } from '@tocsin/policy';
import { networkPattern } from './addresses.js';
import type { DetectionDeps } from './detection.js';
import { ENCODINGS, encode } from './encodings.js';
import { LOST, all, any, fieldText, not, type Expression, type Path } from './expression.js';
import { fieldOf, type Field } from './fields.js';
import type { Item } from './items.js';
import { COMPARISONS, FLAGS, POSITIONS, TIMES } from './modifiers.js';
import { isAny, piecesOf, positioned, shapeOf, withAnyDash, type Piece, type Position } from './pattern.js';
import { isOneOf, matches } from './texts.js';

/** A field compared with what an item says. */
export class Comparison {
  readonly #item: Item;
  readonly #field: Field;
  readonly #deps: DetectionDeps;

  constructor(item: Item, field: Field, deps: DetectionDeps) {
    this.#item = item;
    this.#field = field;
    this.#deps = deps;
  }

  compile(): Expression {
    const { value } = this.#item;
    const comparison = Object.keys(COMPARISONS).find((modifier) => this.#has(modifier));
    const time = TIMES.find((modifier) => this.#has(modifier));
    if (this.#values.some((one) => typeof one === 'object' && one !== null)) return this.#lost('has a map or a list where a value belongs');
    if (this.#has('expand')) return this.#lost('has placeholders, which stand for lists of yours; write the values');
    if (time !== undefined) return this.#lost(`asks for the ${time}, and conditions know no calendar`);
    if (this.#has('exists')) return this.#presence(value !== false && value !== 'false');
    if (this.#has('fieldref')) return this.#link((one) => this.#reference(one));
    if (this.#has('re')) return this.#link((one) => this.#pattern(String(one)));
    if (this.#has('cidr')) return this.#link((one) => this.#network(String(one)));
    if (comparison !== undefined) return this.#link((one) => this.#bound(comparison, one));
    return this.#equality();
  }

  get #path(): Path {
    return this.#field.path;
  }

  get #values(): readonly unknown[] {
    const { value } = this.#item;
    return Array.isArray(value) ? (value as unknown[]) : [value];
  }

  #has(modifier: string): boolean {
    return this.#item.modifiers.includes(modifier);
  }

  #lost(message: string): Expression {
    this.#deps.remarks.lost(this.#item.place, message);
    return LOST;
  }

  #test(cel: string, ...others: Path[]): Expression {
    return { op: 'test', cel, paths: [this.#path, ...others] };
  }

  #link(compile: (value: unknown) => Expression): Expression {
    const compiled = this.#values.map(compile);
    return this.#has('all') ? all(compiled) : any(compiled);
  }

  #presence(wanted: boolean): Expression {
    const present: Expression = { op: 'present', path: this.#path };
    return wanted ? present : not(present);
  }

  #reference(name: unknown): Expression {
    const other = fieldOf(this.#deps.source, String(name));
    if (other === undefined || other.path.length === 0) return this.#lost(`refers to "${String(name)}", which violations have no equivalent of`);
    if (this.#item.modifiers.some((modifier) => POSITIONS.includes(modifier))) return this.#lost('compares a part of a field with another field');
    return this.#test(`${fieldText(this.#path)} == ${fieldText(other.path)}`, other.path);
  }

  #pattern(pattern: string): Expression {
    if (this.#field.type !== 'text')
      return this.#lost(
        `is a pattern, and "${this.#path.join('.')}" ${this.#field.type === 'number' ? 'is a number' : 'is only the name of the file'}`,
      );
    const flags = FLAGS.filter((flag) => this.#has(flag)).join('');
    const cel = matches(fieldText(this.#path), `${flags === '' ? '' : `(?${flags})`}${pattern}`);
    try {
      compileFilter(cel, 'violation');
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      return this.#lost(error.message);
    }
    return this.#test(cel);
  }

  #network(network: string): Expression {
    const pattern = this.#field.type === 'text' ? networkPattern(network) : undefined;
    if (pattern === undefined) return this.#lost(`is the network "${network}", which cannot be told by the text of an address`);
    return this.#test(matches(fieldText(this.#path), pattern));
  }

  #bound(comparison: string, value: unknown): Expression {
    const bound = toNumber(value);
    if (this.#field.type !== 'number' || bound === undefined)
      return this.#lost(`compares by "${comparison}", and "${this.#path.join('.')}" is text, or is compared with text`);
    return this.#test(`${fieldText(this.#path)} ${COMPARISONS[comparison]} ${bound}`);
  }

  #equality(): Expression {
    const absent = this.#values.some((value) => value === null || value === '');
    const values = this.#values.filter((value) => value !== null && value !== '');
    if (this.#values.length === 0) return this.#lost('has no values');
    const equal = values.length === 0 ? [] : [this.#isAmong(values)];
    const either = [...equal, ...(absent ? [this.#presence(false)] : [])];
    return this.#has('all') ? all(either) : any(either);
  }

  #isAmong(values: readonly unknown[]): Expression {
    if (this.#field.type === 'number') return this.#numbers(values);
    const pieces = values.flatMap((value) => this.#piecesOf(String(value)));
    const cased = this.#deps.cased || this.#has('cased') || this.#has('base64') || this.#has('base64offset');
    const among = (list: readonly (readonly Piece[])[]): Expression => {
      if (this.#field.type === 'text') return list.length === 0 ? LOST : isOneOf(this.#path, list, cased);
      const names = list.map((one) => this.#nameIn(one)).filter((one) => one !== undefined);
      return names.length === 0 ? LOST : isOneOf(this.#path, names, cased);
    };
    return this.#has('all') ? all(pieces.map((one) => among([one]))) : among(pieces);
  }

  #piecesOf(value: string): Piece[][] {
    const { modifiers } = this.#item;
    const encodings = modifiers.filter((modifier) => ENCODINGS.includes(modifier));
    const given = (modifiers.find((modifier) => POSITIONS.includes(modifier)) ?? 'exact') as Position;
    if (encodings.length > 0) {
      const encoded = encode(value, encodings);
      if ('problem' in encoded) {
        this.#lost(encoded.problem);
        return [];
      }
      return encoded.texts.map((text) => positioned([text], encoded.inside ? 'contains' : given));
    }
    const pieces = piecesOf(value);
    return [positioned(this.#has('windash') ? withAnyDash(pieces) : pieces, given)];
  }

  #numbers(values: readonly unknown[]): Expression {
    if (values.some((value) => typeof value === 'string' && value !== '' && piecesOf(value).every(isAny))) return this.#presence(true);
    const numbers = values.map(toNumber);
    if (this.#item.modifiers.some((modifier) => POSITIONS.includes(modifier)) || numbers.includes(undefined)) {
      return this.#lost(`looks for text in "${this.#path.join('.')}", which is a number`);
    }
    const [only, ...more] = numbers;
    return this.#test(more.length === 0 ? `${fieldText(this.#path)} == ${only}` : `${fieldText(this.#path)} in [${numbers.join(', ')}]`);
  }

  /** What a path that looks so has as its last part; undefined, and told, where that cannot be said. */
  #nameIn(pieces: readonly Piece[]): Piece[] | undefined {
    const { position, text } = shapeOf(pieces);
    const name = text?.slice(text.lastIndexOf('/') + 1) ?? '';
    const directory = text?.includes('/') === true;
    if (text === undefined || name === '' || position === 'startswith' || (position === 'contains' && directory)) {
      this.#lost(`looks for a directory, and of this process violations have only the name ("${this.#path.join('.')}")`);
      return undefined;
    }
    const whole = position === 'exact' || directory;
    if (text.lastIndexOf('/') > 0 || position === 'contains')
      this.#deps.remarks.note(this.#item.place, `is compared with the name alone ("${this.#path.join('.')}")`);
    return positioned([name], whole ? 'exact' : position);
  }
}

function toNumber(value: unknown): number | undefined {
  const number = typeof value === 'number' || (typeof value === 'string' && /^-?\d+$/.test(value)) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
