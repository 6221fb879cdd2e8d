import type { ExplainedTerm } from './explain.js';

/** A term that decides whether a condition passes. */
export interface Reason {
  text: string;
  /** What it came to. */
  holds: boolean;
  /** Below a `!`, a term that holds keeps the condition from passing. */
  negated: boolean;
  /** What was found, as JSON; `absent` where the event has nothing. */
  found: { field: string; value: string }[];
  /** It compares what cannot be compared, such as text with a number. */
  mistyped: boolean;
}

/**
 * The terms that make the condition come out as it does: of an `&&` that does not hold those that do not, of an `||` that
 * does those that do, else all.
 */
export function reasonsOf(term: ExplainedTerm, negated = false): Reason[] {
  const holds = term.outcome === true;
  switch (term.op) {
    case 'term':
      return [{ text: oneLine(term.text), holds, negated, found: term.found.map(shown), mistyped: term.outcome === 'mistyped' }];
    case 'not':
      return term.parts.flatMap((part) => reasonsOf(part, !negated));
    case 'and':
      return term.parts.filter(({ outcome }) => holds || outcome !== true).flatMap((part) => reasonsOf(part, negated));
    case 'or':
      return term.parts.filter(({ outcome }) => !holds || outcome === true).flatMap((part) => reasonsOf(part, negated));
  }
}

const TEXT_MAX = 120;

function shown({ field, value }: ExplainedTerm['found'][number]): Reason['found'][number] {
  return { field, value: value === undefined ? 'absent' : cut(JSON.stringify(value)) };
}

function oneLine(text: string): string {
  return cut(text.replaceAll(/\s+/g, ' '));
}

function cut(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}
