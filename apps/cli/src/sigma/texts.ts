import { any, fieldText, type Expression, type Path } from './expression.js';
import { isAny, shapeOf, toRegex, type Piece, type Position } from './pattern.js';

/** `matches` takes patterns of up to 1,000 characters, see libs/policy. */
const PATTERN_MAX = 900;

/** CEL for "the text at that path is one of these". To Sigma, case makes no difference unless `cased`. */
export function isOneOf(path: Path, values: readonly (readonly Piece[])[], cased: boolean): Expression {
  // A value that is nothing but `*` says that there is something.
  if (values.some((pieces) => pieces.length > 0 && pieces.every(isAny))) return { op: 'present', path };
  const shapes = values.map(shapeOf);
  const plain = shapes.filter(({ text }) => text !== undefined && (cased || !hasCase(text)));
  const patterns = shapes.filter((shape) => !plain.includes(shape));
  const test = (cel: string): Expression => ({ op: 'test', cel, paths: [path] });
  return any([
    ...plainTests(
      fieldText(path),
      plain.map((shape) => ({ position: shape.position, text: shape.text ?? '' })),
    ).map(test),
    ...patternTests(fieldText(path), patterns, cased).map(test),
  ]);
}

function hasCase(text: string): boolean {
  return text.toLowerCase() !== text.toUpperCase();
}

const METHODS: Record<Exclude<Position, 'exact'>, string> = { contains: 'contains', startswith: 'startsWith', endswith: 'endsWith' };

function plainTests(field: string, shapes: readonly { position: Position; text: string }[]): string[] {
  const exact = shapes.filter(({ position }) => position === 'exact').map(({ text }) => quoted(text));
  const [only, ...more] = exact;
  const equal = more.length === 0 ? `${field} == ${only}` : `${field} in [${exact.join(', ')}]`;
  const parts = shapes.flatMap(({ position, text }) => (position === 'exact' ? [] : [`${field}.${METHODS[position]}(${quoted(text)})`]));
  return [...(only === undefined ? [] : [equal]), ...parts];
}

interface Pattern {
  position: Position;
  inner: readonly Piece[];
}

/** One pattern for all values that stand at the same place. */
function patternTests(field: string, patterns: readonly Pattern[], cased: boolean): string[] {
  const positions: readonly Position[] = ['exact', 'startswith', 'endswith', 'contains'];
  return positions.flatMap((position) => {
    const here = patterns.filter((pattern) => pattern.position === position);
    const wild = here.some(({ inner }) => inner.some((piece) => typeof piece === 'object'));
    const flags = `${cased ? '' : 'i'}${wild ? 's' : ''}`;
    return chunked(here.map(({ inner }) => toRegex(inner))).map((alternatives) => {
      const [only, ...more] = alternatives;
      const choice = more.length === 0 ? only : `(?:${alternatives.join('|')})`;
      const start = position === 'exact' || position === 'startswith' ? '^' : '';
      const end = position === 'exact' || position === 'endswith' ? '$' : '';
      return matches(field, `${flags === '' ? '' : `(?${flags})`}${start}${choice}${end}`);
    });
  });
}

function chunked(alternatives: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let length = Infinity;
  for (const alternative of alternatives) {
    length += alternative.length + 1;
    if (length > PATTERN_MAX) {
      chunks.push([]);
      length = alternative.length;
    }
    chunks.at(-1)?.push(alternative);
  }
  return chunks;
}

export function matches(field: string, pattern: string): string {
  return `${field}.matches(${rawQuoted(pattern)})`;
}

/** A literal of CEL. JSON's escapes are CEL's. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Without doubled backslashes, where that can be. */
function rawQuoted(pattern: string): string {
  const quote = pattern.includes('"') ? "'" : '"';
  // oxlint-disable-next-line no-control-regex
  if (!pattern.includes('\\') || pattern.includes(quote) || /[\u0000-\u001f]/.test(pattern)) return quoted(pattern);
  return `r${quote}${pattern}${quote}`;
}
