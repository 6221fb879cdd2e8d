/** The forms that NeuVector sends a record in, brought to one: an object of fields and the text it came as. */
import { describeType, isObject, parseObject, splitItems } from '../json.js';
import { field, type Fields } from '../read.js';
import { BadInput, type ItemLimits, type Received } from '../source.js';
import { parseTextForm } from './text-form.js';

export interface Sent {
  record: Fields;
  raw: string;
  /** `text` has lost what `=` and `,` mean, see text-form.ts. */
  form: 'json' | 'text';
  ambiguous?: boolean;
  /** The JSON was broken by a quote in the rule's comment and was mended. */
  recovered?: boolean;
}

/** An item that is to be read later, so that what is wrong with it concerns only itself. */
export interface Unread {
  bytes: Buffer;
  read(): Sent;
}

/** REST answers of /v1/log/… hold the records in a list of this name; /v1/log/security holds three. */
const REST_LISTS: readonly (readonly [string, string])[] = [
  ['violations', 'violation'],
  ['threats', 'threat'],
  ['incidents', 'incident'],
  ['audits', 'audit'],
  ['events', 'event'],
];

export function readBody(body: Buffer, received: Received): Unread[] {
  if (!looksLikeJson(body)) return [{ bytes: body, read: () => readText(body.toString('utf8')) }];
  const { limits } = received;
  const items = splitItems(body, received);
  const [only] = items;
  const lists = items.length === 1 && only !== undefined ? restRecords(only, limits) : undefined;
  return lists ?? items.map((bytes) => ({ bytes, read: () => readJson(bytes, limits) }));
}

function looksLikeJson(body: Buffer): boolean {
  for (const byte of body) {
    if (byte === 0x7b || byte === 0x5b) return true;
    // White space and the byte order mark may stand before it.
    if (byte > 0x20 && byte < 0x80) return false;
  }
  return true;
}

function restRecords(bytes: Buffer, limits: ItemLimits): Unread[] | undefined {
  if (!bytes.includes('"reported_timestamp"') || !/^\{\s*"(violations|threats|incidents|audits|events)"/.test(bytes.toString('latin1', 0, 64)))
    return undefined;
  const { value } = parseObject(bytes, limits);
  const found = REST_LISTS.flatMap(([key, category]) => {
    const list = field(value, key);
    return Array.isArray(list) ? (list as unknown[]).map((item) => ({ item, category })) : [];
  });
  if (found.length === 0) return undefined;
  if (found.length > limits.maxItems)
    throw new BadInput(`holds more than ${limits.maxItems} records; ask for smaller pages`, { reason: 'too_large' });
  return found.map(({ item, category }) => {
    // NeuVector's numbers all fit, so writing the record anew loses no digit.
    const raw = JSON.stringify(item);
    return {
      bytes: Buffer.from(raw),
      read: (): Sent => {
        if (!isObject(item)) throw new BadInput(`is ${describeType(item)}, expected a record`);
        return { record: { ...item, notification: category }, raw, form: 'json' };
      },
    };
  });
}

function readJson(bytes: Buffer, limits: ItemLimits): Sent {
  let parsed: ReturnType<typeof parseObject>;
  try {
    parsed = parseObject(bytes, limits);
  } catch (error) {
    const recovered = error instanceof BadInput ? recover(bytes, limits) : undefined;
    if (recovered === undefined) throw error;
    return recovered;
  }
  const chat = field(parsed.value, 'text');
  if (typeof chat !== 'string' || field(parsed.value, 'level') !== undefined) return { record: parsed.value, raw: parsed.text, form: 'json' };
  const read = parseTextForm(chat);
  if (read === undefined) throw new BadInput('holds no "notification=…" record, expected the text of a NeuVector webhook', { field: 'text' });
  return { ...read, raw: parsed.text, form: 'text' };
}

function readText(body: string): Sent {
  const read = parseTextForm(body);
  if (read === undefined) throw new BadInput('is neither JSON nor the text form "notification=…,level=…" of NeuVector');
  return { ...read, raw: body, form: 'text' };
}

/** What every record begins with after the comment, but for the name that stands before it in all kinds but one. */
const LEVEL_AND_TIME = /","level":"[A-Za-z]{2,16}","reported_timestamp":/g;
const NAME_BEFORE = /","name":"[^"\\]{0,256}$/;
const NAME_MAX = 300;
const SPLICED = /^\s*\{\s*"cluster":"([^"]{0,256})","comment":"/;

/**
 * NeuVector splices the rule's comment into the JSON as it is, so that a `"` in it breaks the whole. The record after
 * it is well-formed: it is found by how it begins. The last such place counts, as the comment comes before it.
 */
function recover(bytes: Buffer, limits: ItemLimits): Sent | undefined {
  const raw = bytes.toString('utf8');
  const spliced = SPLICED.exec(raw);
  const level = [...raw.matchAll(LEVEL_AND_TIME)].at(-1)?.index;
  if (spliced === null || level === undefined) return undefined;
  const name = NAME_BEFORE.exec(raw.slice(Math.max(0, level - NAME_MAX), level))?.[0].length ?? 0;
  const begin = level - name;
  if (begin < spliced[0].length) return undefined;
  const { value } = parseObject(Buffer.from(`{${raw.slice(begin + '",'.length)}`), limits);
  const comment = raw.slice(spliced[0].length, begin);
  return { record: { ...value, cluster: spliced[1] ?? '', comment }, raw, form: 'json', recovered: true };
}
