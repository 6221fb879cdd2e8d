import { describe, expect, it } from '@jest/globals';
import { compileFilter } from '@tocsin/policy';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { convertSigma } from './convert.js';

/** An event as Sigma sees it. */
type Event = Partial<Record<'Image' | 'CommandLine' | 'User', string> & { DestinationPort: number }>;
type Search = Record<string, unknown> | Record<string, unknown>[];

interface Rule {
  searches: Record<string, Search>;
  condition: string;
}

/** Sigma read once more, in the plainest way: the oracle. */
function holds({ searches, condition }: Rule, event: Event): boolean {
  const names = Object.keys(searches);
  const text = condition
    .replaceAll(/(1|all) of (\S+?)(?=[\s)]|$)/g, (_, count: string, pattern: string) => {
      const chosen = names.filter((name) => pattern === 'them' || (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
      return `(${chosen.join(count === '1' ? ' or ' : ' and ')})`;
    })
    .replaceAll(/\b(s\d|f\d)\b/g, (name) => String(matchesSearch(searches[name] as Search, event)))
    .replaceAll(' and ', ' && ')
    .replaceAll(' or ', ' || ')
    .replaceAll(/\bnot /g, '! ');
  // oxlint-disable-next-line no-implied-eval, typescript/no-implied-eval
  return new Function(`return ${text}`)() as boolean;
}

function matchesSearch(search: Search, event: Event): boolean {
  if (Array.isArray(search)) return search.some((map) => matchesSearch(map, event));
  return Object.entries(search).every(([key, value]) => matchesItem(key, value, event));
}

function matchesItem(key: string, value: unknown, event: Event): boolean {
  const [field = '', ...modifiers] = key.split('|');
  const found = event[field as keyof Event];
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  if (modifiers.includes('exists')) return (found !== undefined) === value;
  const one = (wanted: unknown): boolean => {
    if (wanted === null || wanted === '') return found === undefined;
    if (found === undefined) return false;
    if (modifiers.includes('gte')) return Number(found) >= Number(wanted);
    if (modifiers.includes('lt')) return Number(found) < Number(wanted);
    return like(String(found), `${wanted as string | number}`, modifiers);
  };
  const result = modifiers.includes('all') ? values.every(one) : values.some(one);
  return modifiers.includes('neq') ? !result : result;
}

/** `*` and `?`, by trying every way. */
function like(text: string, wanted: string, modifiers: readonly string[]): boolean {
  const fold = (value: string): string => (modifiers.includes('cased') ? value : value.toLowerCase());
  const before = modifiers.includes('contains') || modifiers.includes('endswith') ? '*' : '';
  const after = modifiers.includes('contains') || modifiers.includes('startswith') ? '*' : '';
  const match = (left: string, pattern: string): boolean => {
    if (pattern === '') return left === '';
    if (pattern[0] === '*') return Array.from({ length: left.length + 1 }, (_, at) => at).some((at) => match(left.slice(at), pattern.slice(1)));
    if (pattern[0] === '?') return left !== '' && match(left.slice(1), pattern.slice(1));
    return left !== '' && left[0] === pattern[0] && match(left.slice(1), pattern.slice(1));
  };
  return match(fold(text), fold(`${before}${wanted}${after}`));
}

const words = ['a', 'A', 'ab', '/b', 'b/', '.', 'a b', '"', 'a.b', '(', '7', 'aB/a'] as const;
const event: fc.Arbitrary<Event> = fc.record(
  {
    Image: fc.constantFrom(...words),
    CommandLine: fc.constantFrom(...words),
    User: fc.constantFrom(...words),
    DestinationPort: fc.constantFrom(7, 22, 443),
  },
  { requiredKeys: [] },
);
const textKey = fc
  .tuple(
    fc.constantFrom('Image', 'CommandLine', 'User'),
    fc.constantFrom('', '', '|contains', '|startswith', '|endswith'),
    fc.constantFrom('', '', '|all', '|cased', '|neq'),
  )
  .map((parts) => parts.join(''));
const textValue = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 2, arbitrary: fc.constantFrom('a*', '*b', '?', 'a?b', '*', 'A*b*') },
  { weight: 1, arbitrary: fc.constantFrom('', null) },
);
const listed = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | T[]> => fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 }));
const item: fc.Arbitrary<[string, unknown]> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(textKey, listed(textValue)) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom('DestinationPort', 'DestinationPort|neq', 'DestinationPort|gte', 'DestinationPort|lt'),
      listed(fc.constantFrom(7, 22, 80)),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('User|exists', 'DestinationPort|exists'), fc.boolean()) },
);
const map = fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => Object.fromEntries(items));
const search: fc.Arbitrary<Search> = fc.oneof({ weight: 3, arbitrary: map }, fc.array(map, { minLength: 1, maxLength: 2 }));
const condition = fc.constantFrom(
  ...[
    's1',
    'not s1',
    's1 and not f1',
    's1 or s2 and not f1',
    '(s1 or s2) and not (f1 and s2)',
    '1 of s*',
    'all of s* and not 1 of f*',
    'not all of them',
    'not (s1 or not f1)',
    '1 of them',
  ],
);
const rule: fc.Arbitrary<Rule> = fc.record({ searches: fc.record({ s1: search, s2: search, f1: search }), condition });

function converted({ searches, condition: text }: Rule): { filter: string; lost: boolean } {
  const sigma = { title: 'x', logsource: { product: 'linux', category: 'network_connection' }, detection: { ...searches, condition: text } };
  const [made] = convertSigma([{ file: 'x.yml', text: stringify(sigma) }], { cased: false });
  const filter = /^ {2}filter: ?(?:\|-)?([^]*?)(?=^ {2}[a-z]|(?![^]))/m.exec(made?.text ?? '')?.[1] ?? '';
  return { filter: filter.trim(), lost: made?.outcome !== 'in force' };
}

const CLASS = { kind: 'network', name: 'n', message: '', workload: {} };

function violationOf({ Image, CommandLine, User, DestinationPort }: Event): object {
  const process = { ...(Image !== undefined && { path: Image }), ...(CommandLine !== undefined && { cmd_line: CommandLine }) };
  return {
    ...CLASS,
    ...(Object.keys(process).length > 0 && { process }),
    ...(User !== undefined && { user: { name: User } }),
    ...(DestinationPort !== undefined && { dst_endpoint: { port: DestinationPort } }),
  };
}

describe('a rule that was converted', () => {
  it('matches what Sigma says that it matches, whatever is absent', () => {
    let matched = 0;
    let compared = 0;
    fc.assert(
      fc.property(rule, fc.array(event, { minLength: 1, maxLength: 6 }), (sigma, events) => {
        const { filter, lost } = converted(sigma);
        expect(lost).toBe(false);
        const compiled = compileFilter(filter.startsWith('"') ? (JSON.parse(filter) as string) : filter, 'violation');
        for (const one of events) {
          const wanted = holds(sigma, one);
          compared++;
          if (wanted) matched++;
          expect([filter, one, compiled.test(violationOf(one))]).toEqual([filter, one, wanted]);
        }
      }),
      { numRuns: 250 },
    );
    // A property over conditions that never hold, or always do, would say nothing.
    expect(matched / compared).toBeGreaterThan(0.1);
    expect(matched / compared).toBeLessThan(0.9);
  });
});
