import { BOUNDS } from '../sources/draft.js';

/** A shorter value is replaced only where it is a word by itself, or hardly a letter would be left. */
const SHORT = 4;
/** A text may end with the beginning of a value, where it was cut. */
const HEAD = 16;

/**
 * Replaces values wherever they occur in a text, in any case: the longest first, in one pass, so that no substitute is
 * searched in turn. `otherwise` stands in for what matches in no known spelling.
 */
export function replacer(substitutes: ReadonlyMap<string, string>, otherwise: string): (text: string) => string {
  const values = [...substitutes.keys()].toSorted((a, b) => b.length - a.length);
  const byFolded = new Map(values.toReversed().map((value) => [value.toLowerCase(), substitutes.get(value) as string]));
  const pattern = new RegExp(values.map(patternOf).join('|'), 'giu');
  return (text) => {
    let replaced = text.replace(pattern, (occurrence) => substitutes.get(occurrence) ?? byFolded.get(occurrence.toLowerCase()) ?? otherwise);
    for (const value of values) replaced = withoutHead(replaced, value, substitutes.get(value) as string);
    return replaced.length > Math.max(text.length, BOUNDS.cmdLine) ? replaced.slice(0, BOUNDS.cmdLine).toWellFormed() : replaced;
  };
}

function patternOf(value: string): string {
  const literal = value.replaceAll(/[\\^$.*+?()[\]{}|/]/g, (character) => `\\${character}`);
  return value.length < SHORT ? `(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])` : literal;
}

function withoutHead(text: string, value: string, substitute: string): string {
  if (value.length <= HEAD) return text;
  const head = value.slice(0, HEAD);
  for (let at = text.indexOf(head); at >= 0; at = text.indexOf(head, at + 1)) {
    if (value.startsWith(text.slice(at))) return text.slice(0, at) + substitute;
  }
  return text;
}
