/** The suite that every source adapter runs: the contract of source.ts, and hostile input. */
import { describe, expect, it } from '@jest/globals';
import { RAW_MAX_BYTES, type Violation } from '@tocsin/domain';
import fc from 'fast-check';
import { BOUNDS } from './draft.js';
import { BadInput, type Decoded, type Decoder, type Received } from './source.js';

export interface SourceContract {
  type: string;
  create(): Decoder;
  /** Bodies that decode without a bad entry, with what belongs to them. */
  good: readonly { name: string; body: string | Buffer; received?: Partial<Received> }[];
  /** An item as an object that decodes; hostile variants are made of it. Its fields by the names of the sensor. */
  item: Record<string, unknown>;
}

export function received(changes: Partial<Received> = {}): Received {
  return {
    timeMs: Date.parse('2026-09-14T15:00:00.000Z'),
    contentType: 'application/json',
    headers: {},
    cluster: 'test',
    limits: { maxItems: 2_000, maxDepth: 64 },
    ...changes,
  };
}

export function violations(decoded: Decoded): Violation[] {
  return decoded.map((entry) => {
    if (entry instanceof BadInput) throw entry;
    return entry;
  });
}

/** What any violation must be, whatever was sent; lists what is wrong. */
export function flaws(violation: Violation): string[] {
  const found: string[] = [];
  const check = (ok: boolean, what: string): void => void (ok || found.push(what));
  check(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(violation.id), 'id is no uuidv5');
  check([1, 2, 3, 4, 5, 6].includes(violation.severity_id), 'severity_id');
  check(['Detected', 'Blocked', 'Allowed', 'Reset'].includes(violation.disposition), 'disposition');
  for (const time of [violation.time, violation.received_time]) check(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time), `time ${time}`);
  check(Number.isInteger(violation.count) && violation.count >= 1, 'count');
  check(violation.name.length > 0 && violation.message.length > 0 && violation.cluster.length > 0, 'an empty name, message or cluster');
  check(violation.tags.length <= BOUNDS.tags && violation.attacks.length <= BOUNDS.attacks, 'too many tags or attacks');
  check(Object.keys(violation.labels ?? {}).length <= BOUNDS.labels, 'too many labels');
  check(Buffer.byteLength(violation.raw) <= RAW_MAX_BYTES, 'raw is too long');
  const longest: Record<string, number> = { message: BOUNDS.message, path: BOUNDS.path, cmd_line: BOUNDS.cmdLine, raw: RAW_MAX_BYTES };
  walk(violation, [], (path, value) => {
    const where = path.join('.');
    const max = path[0] === 'labels' ? BOUNDS.labelValue : (longest[path.at(-1) ?? ''] ?? BOUNDS.name);
    if (typeof value === 'string') {
      check(value.length <= max, `${where} has ${value.length} characters`);
      check(value.isWellFormed() && !value.includes('\0'), `${where} holds NUL or half a character`);
    } else check(typeof value === 'number' ? Number.isFinite(value) : typeof value === 'boolean', `${where} is a ${typeof value}`);
  });
  check(Buffer.byteLength(JSON.stringify(violation)) < 900_000, 'too long for a record');
  return found;
}

function walk(value: unknown, path: string[], visit: (path: string[], value: unknown) => void): void {
  if (value === null || typeof value !== 'object') return visit(path, value);
  for (const [key, item] of Object.entries(value)) walk(item, [...path, key], visit);
}

/** Decodes and holds the result against the contract; undefined where the body as a whole was refused. */
function decodeSafely(decoder: Decoder, body: string | Buffer, changes: Partial<Received> = {}): Decoded | undefined {
  const bytes = Buffer.from(body as string);
  let decoded: Decoded;
  try {
    decoded = decoder.decode(bytes, received(changes));
  } catch (error) {
    if (error instanceof BadInput) return undefined;
    throw error;
  }
  for (const entry of decoded) {
    if (entry instanceof BadInput) expect(entry.message).not.toBe('');
    else expect(flaws(entry)).toEqual([]);
  }
  const again = decoder.decode(bytes, received({ ...changes, timeMs: received().timeMs + 86_400_000 }));
  expect(again.map(idOf)).toEqual(decoded.map(idOf));
  return decoded;
}

function idOf(entry: Decoded[number]): string {
  return entry instanceof BadInput ? `bad: ${entry.message}` : entry.id;
}

const HOSTILE_VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['zero', 0],
  ['a negative number', -1],
  ['a fraction', 1.5],
  ['a huge number', 1e308],
  ['an unsafe integer', 2 ** 60],
  ['the empty string', ''],
  ['a number as text', '42'],
  ['NUL', 'a\0b'],
  ['a lone surrogate', 'x\uD800y'],
  ['a cut pair', '\u{1F6A8}'.repeat(9_000)],
  ['a huge string', 'A'.repeat(200_000)],
  ['terminal escapes', '\u001B[2J\u202Eevil\r\nInjected: yes'],
  ['a list', [1, 'a', null, {}]],
  ['nested lists', [[[[['x']]]]]],
  ['an object', { a: { b: 1 } }],
  ['an object with own keys of Object', { toString: 1, hasOwnProperty: 'x', length: -1 }],
];

export function runSourceContract(contract: SourceContract): void {
  const { type, item } = contract;
  const json = (value: unknown): string => JSON.stringify(value);

  describe(`${type}: contract of sources`, () => {
    it.each(contract.good)('gives the same ids for $name ten times, whenever it comes', ({ body, received: changes }) => {
      const decoder = contract.create();
      const ids = violations(decoder.decode(Buffer.from(body as string), received(changes))).map((violation) => violation.id);
      for (let repeat = 1; repeat < 10; repeat++) {
        const later = received({ ...changes, timeMs: received().timeMs + repeat * 3_600_000 });
        expect(violations(contract.create().decode(Buffer.from(body as string), later)).map((violation) => violation.id)).toEqual(ids);
      }
    });

    it.each(contract.good)('makes well-formed violations of $name', ({ body, received: changes }) => {
      for (const violation of violations(contract.create().decode(Buffer.from(body as string), received(changes)))) {
        expect(flaws(violation)).toEqual([]);
        expect(violation.source).toBe(type);
      }
    });
  });

  describe(`${type}: hostile input`, () => {
    const decoder = contract.create();

    it.each(Object.keys(item).flatMap((key) => HOSTILE_VALUES.map(([what, value]) => [key, what, value] as const)))(
      'bears %s being %s',
      (key, _what, value) => {
        decodeSafely(decoder, json({ ...item, [key]: value }));
      },
    );

    it('bears every field being of another type at once', () => {
      for (const [, value] of HOSTILE_VALUES) decodeSafely(decoder, json(Object.fromEntries(Object.keys(item).map((key) => [key, value]))));
    });

    it('refuses deep nesting before it is parsed', () => {
      const deep = '['.repeat(100_000) + ']'.repeat(100_000);
      expect(decodeSafely(decoder, deep)?.every((entry) => entry instanceof BadInput) ?? true).toBe(true);
      const object = '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000);
      expect(decodeSafely(decoder, object)?.every((entry) => entry instanceof BadInput) ?? true).toBe(true);
      decodeSafely(decoder, json(item).replace('{', `{"deep":${'['.repeat(5_000)}${']'.repeat(5_000)},`));
    });

    it('pollutes no prototype', () => {
      const text = json(item);
      for (const key of ['__proto__', 'constructor', 'prototype'])
        decodeSafely(decoder, text.replace('{', `{"${key}":{"polluted":"yes","priority":"x"},`));
      decodeSafely(decoder, '{"__proto__":null,"constructor":{"prototype":{"polluted":1}}}');
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    });

    it('refuses a list of more items than the limit as too large', () => {
      const body = Buffer.from(json(Array.from({ length: 10_000 }, () => item)));
      let refused: unknown;
      try {
        decoder.decode(body, received());
      } catch (error) {
        refused = error;
      }
      expect(refused).toMatchObject({ name: 'BadInput', reason: 'too_large' });
    });

    it.each([
      '',
      ' \n ',
      '\0',
      '{',
      '}',
      '[',
      ']',
      '[]',
      '[,]',
      '[{},]',
      '{}',
      'null',
      '1',
      '"x"',
      '[[]]',
      '[null,1,"x",{}]',
      '\uFEFF{}',
      '{"a":1}\n{"b":',
      '}\n{',
    ])('answers %j with BadInput only', (body) => {
      const decoded = decodeSafely(decoder, body);
      expect(decoded?.every((entry) => entry instanceof BadInput) ?? true).toBe(true);
    });

    it('throws nothing but BadInput for any JSON', () => {
      const keys = fc.constantFrom(...Object.keys(item), '__proto__', 'x');
      const objects = fc.dictionary(
        keys,
        fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...Object.values(item)) }, { weight: 2, arbitrary: fc.jsonValue() }),
      );
      fc.assert(
        fc.property(fc.oneof(objects, fc.array(objects, { maxLength: 4 }), fc.jsonValue()), (value) => void decodeSafely(decoder, json(value))),
        { numRuns: 200 },
      );
    });

    it('throws nothing but BadInput for any bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeSafely(decoder, Buffer.from(bytes))),
        { numRuns: 200 },
      );
    });

    it('throws nothing but BadInput for a good body with bytes changed', () => {
      for (const { body, received: changes } of contract.good) {
        const bytes = Buffer.from(body as string);
        const change = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
        fc.assert(
          fc.property(change, (changed) => {
            const copy = Buffer.from(bytes);
            for (const [at, byte] of changed) copy[at] = byte;
            decodeSafely(decoder, copy, changes);
          }),
          { numRuns: 50 },
        );
      }
    });
  });
}
