import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigErrors, formatIssue } from './config-error.js';
import { secretRef } from './secret.js';
import { duration, severity } from './values.js';
import { parseYaml, parseYamlDocuments } from './yaml.js';

function errorsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigErrors) return error.issues.map(formatIssue);
    throw error;
  }
  return [];
}

const schema = z.strictObject({
  name: z.string().min(2).default('x1'),
  port: z.number().int().min(1).max(65_535).default(1),
  mode: z.enum(['observe', 'propose', 'auto']).optional(),
  timeout: duration.optional(),
  lease: duration.refine((ms) => ms >= 60_000, 'expected at least 1m').optional(),
  severity: severity.optional(),
  password: secretRef.optional(),
  labels: z.record(z.string().regex(/^[a-z.]+$/, 'expected lower case letters'), z.string()).optional(),
  servers: z
    .array(z.strictObject({ host: z.string(), url: z.url().optional() }))
    .max(2)
    .optional(),
  header: z.union([z.string(), secretRef]).optional(),
  target: z.union([z.string(), z.array(z.string())]).optional(),
  channel: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('slack'), room: z.string() }),
      z.strictObject({ type: z.literal('file'), path: z.string() }),
    ])
    .optional(),
});

const parse = (text: string): unknown => parseYaml(text, 'c.yaml', schema);

describe('parseYaml', () => {
  it('parses, with defaults, and takes an empty file for an empty map', () => {
    expect(parse('timeout: 5m\nseverity: HIGH\npassword: { env: TOKEN }')).toEqual({
      name: 'x1',
      port: 1,
      timeout: 300_000,
      severity: 4,
      password: { env: 'TOKEN' },
    });
    expect(parse('')).toEqual({ name: 'x1', port: 1 });
    expect(parse('# nothing\n---\n')).toEqual({ name: 'x1', port: 1 });
  });

  it.each([
    [
      'an unknown key',
      'nmae: web',
      'c.yaml:1:1: nmae: is not a known key; did you mean "name"? known: name, channel, header, labels, lease, mode, password, port, servers, severity, target, timeout',
    ],
    [
      'an unknown key deeper down',
      'servers:\n  - host: a\n    hots: b',
      'c.yaml:3:5: servers[0].hots: is not a known key; did you mean "host"? known: host, url',
    ],
    [
      'an unknown key in one of several shapes',
      'channel: { type: file, path: /x, pth: /y }',
      'c.yaml:1:34: channel.pth: is not a known key; did you mean "path"? known: path, room, type',
    ],
    ['a wrong type', 'port: "80"', 'c.yaml:1:7: port: is the text "80", expected a number'],
    ['text in the place of a list', 'servers: a', 'c.yaml:1:10: servers: is the text "a", expected a list; write it in brackets: [a, b]'],
    ['a map in the place of a list', 'servers: { host: a }', 'c.yaml:1:10: servers: is a map, expected a list; write "- " before each item'],
    ['a list in the place of a map', 'labels:\n  - a: b', 'c.yaml:2:3: labels: is a list, expected a map; take away the "- " before its keys'],
    ['a list in the place of text', 'name: [a]', 'c.yaml:1:7: name: is a list, expected text'],
    ['no value', 'name:', 'c.yaml:1:6: name: is empty; expected text'],
    [
      'an empty text among other things',
      'servers: []\nlabels: { a: b }\nname: ""',
      'c.yaml:3:7: name: has 0 characters, expected at least 2 characters',
    ],
    ['a fraction', 'port: 1.5', 'c.yaml:1:7: port: is 1.5, expected a whole number'],
    ['infinity', 'port: .inf', 'c.yaml:1:7: port: is Infinity, expected a number'],
    ['a number too small', 'port: 0', 'c.yaml:1:7: port: is 0, expected at least 1'],
    ['a text too short', 'name: x', 'c.yaml:1:7: name: has 1 character, expected at least 2 characters'],
    ['a list too long', 'servers: [{host: a}, {host: b}, {host: c}]', 'c.yaml:1:10: servers: has 3 items, expected at most 2 items'],
    ['a missing key', 'servers:\n  - url: http://x', 'c.yaml:2:5: servers[0].host: is missing; expected text'],
    ['a misspelt choice', 'mode: porpose', 'c.yaml:1:7: mode: is "porpose"; did you mean "propose"? known: propose, auto, observe'],
    ['a choice of the wrong type', 'mode: 3', 'c.yaml:1:7: mode: is 3, expected one of: observe, propose, auto'],
    ['a misspelt discriminator', 'channel: { type: slak }', 'c.yaml:1:18: channel.type: is "slak"; did you mean "slack"? known: slack, file'],
    ['neither of two shapes', 'target: 3', 'c.yaml:1:9: target: is 3, expected text, or a list'],
    [
      'an ill-formed duration',
      'timeout: 5 minutes',
      'c.yaml:1:10: timeout: is the text "5 minutes", expected a duration such as "30s", "5m", "1h" or "2d"; did you mean "5m"?',
    ],
    ['a duration without a unit', 'timeout: 300', 'c.yaml:1:10: timeout: is 300, expected a duration such as "30s", "5m", "1h" or "2d"'],
    ['a duration out of a range', 'lease: 10s', 'c.yaml:1:8: lease: is the text "10s", expected at least 1m'],
    ['a duration beyond reason', 'timeout: 99999999d', 'c.yaml:1:10: timeout: is the text "99999999d", expected at most 3650d'],
    [
      'an unknown severity',
      'severity: hihg',
      'c.yaml:1:11: severity: is "hihg"; did you mean "high"? known: high, critical, fatal, informational, low, medium',
    ],
    [
      'a key that does not fit',
      'labels: { A: x }',
      'c.yaml:1:11: labels.A: is a key that does not fit: is the text "A", expected lower case letters',
    ],
    ['another document', 'port: 1\n---\nport: 2', 'c.yaml:3:1: is the start of another document, expected one in this file'],
    [
      'a reference without a key where text may stand, too',
      'header: {}',
      'c.yaml:1:9: header: has no key; expected a reference to a secret, { file: /path } or { env: NAME }',
    ],
  ])('tells the place and the remedy of %s', (_, text, expected) => {
    expect(errorsOf(() => parse(text))).toEqual([expected]);
  });

  it('tells all mistakes at once', () => {
    expect(errorsOf(() => parse('port: x\nmode: y\nnmae: z\n'))).toHaveLength(3);
  });

  it.each([
    'password: hunter2',
    'password: [hunter2]',
    'password: { env: hunter-2 }',
    'password: { file: { hunter2: 1 } }',
    'servers: [{ host: a, url: "//bob:hunter2@" }]',
  ])('never prints a secret: %s', (text) => {
    const errors = errorsOf(() => parse(text));
    expect(errors).toHaveLength(1);
    expect(errors[0]).not.toMatch(/hunter/);
  });

  it.each([
    [
      'password: hunter2',
      'c.yaml:1:11: password: is not a reference; expected a reference to a secret, { file: /path } or { env: NAME }, so that the document holds no secret',
    ],
    ['password: { file: /a, env: B }', 'c.yaml:1:11: password: has both keys; expected a reference to a secret, { file: /path } or { env: NAME }'],
    ['password: { fiel: /a }', 'c.yaml:1:19: password.fiel: is not a known key; did you mean "file"? known: file, env'],
  ])('tells how to refer to a secret: %s', (text, expected) => {
    expect(errorsOf(() => parse(text))).toEqual([expected]);
  });
});

describe('parseYamlDocuments', () => {
  it('gives each document with its own positions and leaves out empty ones', () => {
    const documents = parseYamlDocuments('---\na: 1\n---\n---\nb:\n  c.d: 2\n', 'p.yaml');
    expect(documents.map((document) => document.value)).toEqual([{ a: 1 }, { b: { 'c.d': 2 } }]);
    expect(documents[1]?.issue(['b', 'c.d'], 'm')).toEqual({ file: 'p.yaml', line: 6, column: 8, path: 'b["c.d"]', message: 'm' });
    expect(documents[1]?.issue(['b', 'absent', 'deeper'], 'm')).toMatchObject({ line: 6, column: 3 });
  });

  it.each([
    ['a key twice', 'a: 1\na: 2', 'y:2:1: has the key "a" twice; remove one of them, or mend the indentation'],
    ['a tab', 'a:\n\t- b', 'y:2:1: is not valid YAML: a tab indents this line; use spaces'],
    ['a number as key', 'a:\n  8080: x', 'y:2:3: has the key 8080, which is not text; write it in quotes'],
    ['a map as key', '? {a: b}\n: c', 'y:1:3: has a list or map as a key; a key is text'],
    ['an unknown tag', 'a: !secret b', 'y:1:4: is not valid YAML: "!" at the beginning marks a type; if it is text, put it in quotes'],
    ['an alias of nothing', 'a: *x', 'y:1:4: has the alias "*x" without an anchor "&x" before it; if it is text, put it in quotes'],
    ['an open quote', 'a: "x', 'y:1:4: is not valid YAML: the text that begins with " here has no " at its end'],
    ['an open single quote', "a: 'x\nb: y", "y:1:4: is not valid YAML: the text that begins with ' here has no ' at its end"],
    ['an open bracket', 'a: [b, [c], d\ne: f', 'y:1:4: is not valid YAML: "[" is not closed; write "]" at the end, and indent the lines between'],
    ['an open brace', 'a: { b: c\nd: e', 'y:1:4: is not valid YAML: "{" is not closed; write "}" at the end, and indent the lines between'],
    ['a closed bracket that was not open', 'a: [b]]', 'y:1:7: is not valid YAML: "]" closes nothing'],
    ['a reserved character', 'a: @x', 'y:1:4: is not valid YAML: a text cannot begin with "@"; put it in quotes'],
    ['a colon in a text', 'a: b: c', 'y:1:4: is not valid YAML: this text holds ": ", which separates a key from its value; put the text in quotes'],
    [
      'a line indented too far',
      'a: b\n  c: d',
      'y:1:4: is not valid YAML: the next line is indented further than this one, which has a value already; indent both alike',
    ],
    [
      'a line between two depths',
      'a:\n    b: c\n  d: e',
      'y:3:1: is not valid YAML: this line is indented by another number of spaces than the lines that it belongs to',
    ],
    [
      'more behind double quotes',
      'a: "b" == "c"',
      `y:1:8: is not valid YAML: there is more behind the closing quote; put the whole text in single quotes: '"a" == b'`,
    ],
    [
      'more behind single quotes',
      "a: 'it's'",
      "y:1:8: is not valid YAML: there is more behind the closing quote; within single quotes, a quote is written twice: 'it''s'",
    ],
    ['text behind a bar', 'a: | b', 'y:1:6: is not valid YAML: there is text behind "|" or ">"; begin it on the next line'],
    ['a list behind its key', 'a: - b', 'y:1:4: is not valid YAML: a list begins on the line of its key; put each "- " on a line of its own'],
    ['a map behind a list', '- a\nb: c', 'y:2:1: is not valid YAML: this does not belong to what stands above it; mend the indentation'],
    ['a line without a value', 'a\nb: c', 'y:1:1: is not valid YAML: this line has no "key: value"; write a colon and a space behind the key'],
    [
      'a pattern in double quotes',
      'a: "\\d"',
      'y:1:5: is not valid YAML: in double quotes "\\" changes what follows it; use single quotes, or write "\\\\"',
    ],
    [
      'a second document without its line',
      'apiVersion: v1\nkind: a\napiVersion: v1\nkind: b',
      'y:3:1: has the key "apiVersion" twice; between two documents of a file there is a line "---"',
    ],
  ])('refuses %s', (_, text, expected) => {
    expect(errorsOf(() => parseYamlDocuments(text, 'y'))).toEqual([expected]);
  });

  it('refuses a billion laughs in no time', () => {
    const bomb = [
      'a0: &a0 [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]`),
    ].join('\n');
    expect(errorsOf(() => parseYamlDocuments(bomb, 'y'))[0]).toMatch(/^y:1:1: is not valid YAML: Excessive alias count/);
  });

  it('refuses lists that hold themselves many times over in no time', () => {
    const depth = 50;
    const bomb = `${'&a [*a,'.repeat(depth)}${']'.repeat(depth)}`;
    expect(errorsOf(() => parseYamlDocuments(bomb, 'y'))).toEqual([
      expect.stringContaining('y:1:4: has lists and maps within each other more than 100 deep'),
    ]);
  });

  it('refuses more aliases than anybody writes, at the first that is too many', () => {
    const text = `a: &a 1\nb: [${'*a, '.repeat(100_000)}]`;
    expect(errorsOf(() => parseYamlDocuments(text, 'y'))).toEqual(['y:2:405: is alias number 101, and a document may have 100; write the value out']);
    expect(parseYamlDocuments(`a: &a 1\nb: [${'*a, '.repeat(90)}]`, 'y')).toHaveLength(1);
  });

  it.each(['['.repeat(50_000), '{a: '.repeat(50_000), '- '.repeat(50_000), 'a:\n'.repeat(10) + '? '.repeat(20_000)])(
    'survives deep nesting',
    (text) => {
      expect(errorsOf(() => parseYamlDocuments(text, 'y')).length).toBeGreaterThan(0);
    },
  );

  it('survives what the parser itself is too recursive for, and says that it is too deep', () => {
    const text = `a:\n  b:\n    - { name: x${' - { name: x'.repeat(20_000)}`;
    expect(errorsOf(() => parseYamlDocuments(text, 'y'))).toEqual([expect.stringMatching(/^y.*(more than 100 deep|is not valid YAML)/)]);
    expect(errorsOf(() => parseYamlDocuments(`a: ${'['.repeat(101)}${']'.repeat(101)}`, 'y'))).toEqual([
      expect.stringContaining('y:1:1: has lists and maps within each other more than 100 deep'),
    ]);
    expect(parseYamlDocuments(`a: ${'['.repeat(90)}${']'.repeat(90)}`, 'y')).toHaveLength(1);
  });

  it('gives a map named __proto__ as plain data', () => {
    const [document] = parseYamlDocuments('__proto__: { polluted: true }', 'y');
    expect(Object.keys(document?.value as object)).toEqual(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
