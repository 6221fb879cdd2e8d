import { describe, expect, it } from '@jest/globals';
import { explainFilter, type ExplainedTerm } from './explain.js';
import { compileFilter } from './filter.js';

const violation = {
  name: 'Terminal shell in container',
  severity_id: 4,
  tags: ['shell'],
  labels: { 'proc.cwd': '/tmp' },
  workload: { namespace: 'pay' },
  process: { name: 'bash', cmd_line: 'bash -i' },
};

const explain = (source: string): ExplainedTerm => explainFilter(source, 'violation', violation);
const terms = (term: ExplainedTerm): ExplainedTerm[] => (term.op === 'term' ? [term] : term.parts.flatMap(terms));
const shown = (source: string): unknown[] =>
  terms(explain(source)).map(({ text, outcome, found }) => [text, outcome, found.map(({ value }) => value)]);

describe('explainFilter', () => {
  it('tells each term, as it is written, with what the event has', () => {
    expect(shown('violation.process.name == "nc" && (violation.severity_id >= 3 || violation.workload.name in ["a", "b"])')).toEqual([
      ['violation.process.name == "nc"', false, ['bash']],
      ['violation.severity_id >= 3', true, [4]],
      ['violation.workload.name in ["a", "b"]', 'absent', [undefined]],
    ]);
  });

  it('keeps what stands together together', () => {
    const { op, parts } = explain('violation.name == "a" && violation.name == "b" && !(violation.name == "c" || violation.name == "d")');
    expect(op).toBe('and');
    expect(parts.map((part) => part.op)).toEqual(['term', 'term', 'not']);
    expect(parts[2]?.parts[0]?.op).toBe('or');
  });

  it.each([
    ['violation.message.matches("(?i)reverse shell")', 'absent', ['violation.message']],
    ['violation.process.cmd_line.startsWith("bash ")', true, ['violation.process.cmd_line']],
    ['has(violation.user)', false, ['violation.user']],
    ['violation.labels["proc.cwd"] == "/tmp"', true, ['violation.labels["proc.cwd"]']],
    ['violation.tags.exists(tag, tag == "shell")', true, ['violation.tags']],
    ['violation.workload.namespace == violation.process.name', false, ['violation.workload.namespace', 'violation.process.name']],
    ['violation.name > 3', 'mistyped', ['violation.name']],
    ['size(violation.tags) > 0', true, ['violation.tags']],
  ])('%s is %s', (source, outcome, fields) => {
    const term = explain(source);
    expect(term.outcome).toBe(outcome);
    expect(term.found.map(({ field }) => field)).toEqual(fields);
    expect(term.outcome === true).toBe(compileFilter(source, 'violation').test(violation));
  });

  it('shows a term with all its parentheses', () => {
    const { parts } = explain('violation.name == "a" && (violation.name + ")").size() == (violation.severity_id + 1)');
    expect(parts.map(({ text }) => text)).toEqual(['violation.name == "a"', '(violation.name + ")").size() == (violation.severity_id + 1)']);
  });

  it('finds nothing that JavaScript objects have of their own', () => {
    expect(explain('violation.constructor == "x"').found).toEqual([{ field: 'violation.constructor', value: undefined }]);
  });
});
