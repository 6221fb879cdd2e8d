/** JSON at the edge: bodies are cut into items and checked for depth before anything is parsed. */
import { BadInput, type ItemLimits, type Received } from './source.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LF = 0x0a;
/** Brackets and braces differ in this bit only, so that one comparison finds either. */
const SHAPE_BIT = 0x20;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The items of a body: a single value, the elements of an array, or lines (NDJSON). Never empty. */
export function splitItems(body: Buffer, received: Pick<Received, 'contentType' | 'limits'>): Buffer[] {
  const bytes = trim(body);
  if (bytes.length === 0) throw new BadInput('the body is empty, expected JSON');
  const { limits } = received;
  const items = /ndjson|jsonl|json-lines/.test(received.contentType) || looksLikeLines(bytes) ? lines(bytes, limits) : arrayOrSingle(bytes, limits);
  if (items.length === 0) throw new BadInput('the body is an empty list, expected at least one item');
  return items;
}

export interface ParsedItem {
  text: string;
  value: Record<string, unknown>;
}

/** Parses one item, which must be an object. `JSON.parse` alone would take any depth that the stack allows. */
export function parseObject(bytes: Buffer, limits: ItemLimits): ParsedItem {
  checkDepth(bytes, limits.maxDepth);
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadInput(`is not valid JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (!isObject(value)) throw new BadInput(`is ${describeType(value)}, expected a JSON object`);
  return { text, value };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export function describeType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'undefined' ? 'missing' : `a ${typeof value}`;
}

function checkDepth(bytes: Buffer, maxDepth: number): void {
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = stringEnd(bytes, at);
    else if ((byte | SHAPE_BIT) === OPEN) {
      if (++depth > maxDepth) throw new BadInput(`is nested deeper than ${maxDepth} levels`);
    } else if ((byte | SHAPE_BIT) === CLOSE) depth--;
  }
}

/** Index of the closing quote of the string that opens at `at`; the last index when it is never closed. */
function stringEnd(bytes: Buffer, at: number): number {
  for (let end = bytes.indexOf(QUOTE, at + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return bytes.length - 1;
}

/** An array's elements as their own bytes, so that each keeps its digits and one broken element spoils no other. */
function arrayOrSingle(bytes: Buffer, limits: ItemLimits): Buffer[] {
  if (bytes[0] !== 0x5b) return [bytes];
  const items: Buffer[] = [];
  let depth = 0;
  let start = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) at = stringEnd(bytes, at);
    else if ((byte | SHAPE_BIT) === OPEN) {
      if (++depth > limits.maxDepth + 1) throw new BadInput(`is nested deeper than ${limits.maxDepth} levels`);
    } else if (byte === COMMA && depth === 1) {
      push(items, trim(bytes.subarray(start, at)), limits);
      start = at + 1;
    } else if ((byte | SHAPE_BIT) === CLOSE && --depth === 0) {
      const last = trim(bytes.subarray(start, at));
      if (last.length > 0 || items.length > 0) push(items, last, limits);
      if (at !== bytes.length - 1) throw new BadInput('is not valid JSON: something follows the list');
      return items;
    }
  }
  throw new BadInput('is not valid JSON: the list is not closed');
}

/** A line that is an object, and another object after it: no single JSON value has that at its top. */
function looksLikeLines(bytes: Buffer): boolean {
  const lineEnd = bytes.indexOf(LF);
  if (lineEnd < 0 || bytes[0] !== 0x7b) return false;
  return trim(bytes.subarray(0, lineEnd)).at(-1) === 0x7d && trim(bytes.subarray(lineEnd, lineEnd + 1024))[0] === 0x7b;
}

function lines(bytes: Buffer, limits: ItemLimits): Buffer[] {
  const items: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LF, start);
    const end = found < 0 ? bytes.length : found;
    const line = trim(bytes.subarray(start, end));
    if (line.length > 0) push(items, line, limits);
    start = end + 1;
  }
  return items;
}

function push(items: Buffer[], item: Buffer, limits: ItemLimits): void {
  if (items.length >= limits.maxItems) {
    throw new BadInput(`holds more than ${limits.maxItems} items; send smaller batches`, { reason: 'too_large' });
  }
  items.push(item);
}

/** Cuts white space of JSON and a byte order mark. */
function trim(bytes: Buffer): Buffer {
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let end = bytes.length;
  while (start < end && isSpace(bytes[start] as number)) start++;
  while (end > start && isSpace(bytes[end - 1] as number)) end--;
  return bytes.subarray(start, end);
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === LF || byte === 0x0d || byte === 0x09;
}
