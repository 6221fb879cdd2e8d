import type { ASTNode } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { methodCalls, type MethodCall } from './ast.js';
import { FilterError } from './filter-error.js';

/**
 * CEL names RE2 as the language of `matches`, while cel-js uses JavaScript's regular expressions, which can take
 * exponential time on text that an attacker chose. So every `matches` of a condition is renamed to a method of ours
 * that runs on RE2, in time linear in the text. The name is as long as the old one: positions in messages stay true.
 */
export const LINEAR_MATCHES = 're2test';

/** A longer pattern is a list of words that should stand in an `in [...]`. */
const PATTERN_MAX = 1_000;

export type Patterns = ReadonlyMap<string, RE2JS>;

/** Compiles the patterns. They must be literals: one that comes with an event would be the attacker's. */
export function compilePatterns(ast: ASTNode): Patterns {
  const patterns = new Map<string, RE2JS>();
  for (const call of methodCalls(ast, 'matches')) {
    const [pattern] = call.args[2];
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
      throw new FilterError(
        'has a call of "matches" with a pattern that is not a literal; write the pattern itself, in quotes',
        pattern?.range.start ?? call.range.start,
      );
    }
    if (pattern.args.length > PATTERN_MAX) {
      throw new FilterError(`has a pattern of ${pattern.args.length} characters, expected at most ${PATTERN_MAX}`, pattern.range.start);
    }
    try {
      patterns.set(pattern.args, RE2JS.compile(pattern.args));
    } catch (error) {
      throw new FilterError(
        `has a pattern that is not a regular expression of RE2: ${(error as Error).message.replace(/^error parsing regexp: /, '')}`,
        pattern.range.start,
      );
    }
  }
  return patterns;
}

/** The source with each `.matches(` renamed to `LINEAR_MATCHES`. */
export function withLinearMatches(source: string, ast: ASTNode): string {
  let result = source;
  for (const call of methodCalls(ast, 'matches')) {
    const at = methodOffset(source, call);
    result = result.slice(0, at) + LINEAR_MATCHES + result.slice(at + LINEAR_MATCHES.length);
  }
  return result;
}

/** The method's name stands between the receiver and the first argument, with nothing but `.`, `(`, `)` and blanks around it. */
function methodOffset(source: string, call: MethodCall): number {
  const [, receiver, [pattern]] = call.args;
  const from = receiver.range.end;
  const between = source.slice(from, pattern?.range.start);
  const match = /^[\s)]*\.\s*(?=matches[\s(]*$)/.exec(between);
  if (match === null) throw new FilterError('has a comment within a call of "matches"; move it out of the call', from);
  return from + match[0].length;
}
