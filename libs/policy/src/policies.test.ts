import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { buildRegistry, ConfigErrors, duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import type { PolicySchemas } from './kinds/document-kind.js';
import { loadPolicies, parsePolicies, type PolicySet } from './policies.js';

const schemas: PolicySchemas = {
  ruleKinds: buildRegistry('rule kind', [
    { type: 'single', config: z.strictObject({}) },
    { type: 'event_count', config: z.strictObject({ timespan: duration, condition: z.strictObject({ gte: z.number().int().min(2) }) }) },
    { type: 'temporal', config: z.strictObject({ timespan: duration, rules: z.array(z.string()).min(2) }) },
  ]),
  mapping: z.strictObject({ fields: z.strictObject({ name: z.string(), message: z.string().optional() }) }),
  channels: buildRegistry('channel', [{ type: 'webhook', config: z.strictObject({ url: z.url(), secret: secretRef.optional() }) }]),
};

const FIXTURES = join(import.meta.dirname, 'fixtures');
const read = (file: string): PolicySet => parsePolicies(readFileSync(file, 'utf8'), basename(file), schemas, { knownRules: ['shell-in-container'] });

function errorOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigErrors) return error.message;
    throw error;
  }
  return '';
}

describe('policy documents', () => {
  // Each file of fixtures/bad has the whole message beside it, so that a change of words is seen in review.
  it.each(globSync('bad/*.yaml', { cwd: FIXTURES }).toSorted())('%s is refused with the message beside it', (name) => {
    const file = join(FIXTURES, name);
    expect(`${errorOf(() => read(file))}\n`).toBe(readFileSync(file.replace(/yaml$/, 'expected'), 'utf8'));
  });

  it('good/rules.yaml is read with its defaults', () => {
    const { rules, subscriptions } = read(join(FIXTURES, 'good/rules.yaml'));
    expect(subscriptions).toEqual([]);
    expect(rules).toMatchObject([
      {
        metadata: { name: 'shell', labels: {}, annotations: {} },
        origin: { file: 'rules.yaml', line: 3 },
        spec: { enabled: true, severity: 4, groupBy: ['cluster', 'workload.namespace', 'workload.name'], attacks: [], tests: [], kindConfig: {} },
      },
      {
        metadata: { name: 'shells-in-pay', labels: { team: 'pay' } },
        spec: { severity: 5, kindConfig: { timespan: 300_000, condition: { gte: 3 } } },
      },
    ]);
  });

  it('good/subscription.yaml is read, the channel by its own schema', () => {
    expect(read(join(FIXTURES, 'good/subscription.yaml')).subscriptions).toMatchObject([
      {
        spec: {
          events: 'incidents',
          enabled: false,
          channel: { type: 'webhook', config: { url: 'https://soc.example/hook', secret: { env: 'SOC_SECRET' } } },
        },
      },
    ]);
  });

  it('good/chained-rules.yaml is read, with milliseconds for lengths of time, and the rules for the kind', () => {
    expect(read(join(FIXTURES, 'good/chained-rules.yaml')).rules).toMatchObject([
      { spec: { generate: false, rules: [], filter: 'violation.name == "Scan"', reopenWithin: 86_400_000, inhibits: [], aliases: {} } },
      {
        spec: {
          escalate: [{ to: 5, when: 'incident.count >= 50' }],
          filter: undefined,
          rules: ['scan', 'shell-in-container'],
          groupBy: ['cluster', 'peer'],
          aliases: { peer: { scan: 'src_endpoint.ip', 'shell-in-container': 'dst_endpoint.ip' } },
          suppress: 600_000,
          resolveAfter: 43_200_000,
          reopenWithin: 172_800_000,
          inhibits: [{ rules: ['scan'], equal: ['cluster'] }],
          kindConfig: { timespan: 3_600_000, rules: ['scan', 'shell-in-container'] },
        },
      },
    ]);
  });

  it('good/response-policies.yaml is read with its defaults', () => {
    const [defaulted, whole] = read(join(FIXTURES, 'good/response-policies.yaml')).responses;
    expect(defaulted?.spec).toEqual({
      description: undefined,
      enabled: true,
      match: { events: 'incidents', filter: 'incident.severity_id >= 5' },
      mode: 'observe',
      lease: 3_600_000,
      approvals: { required: 1, from: [], expireAfter: 1_800_000 },
      limits: { window: 3_600_000 },
      steps: [{ id: 'snapshot', action: 'snapshot', with: {}, when: undefined, onFailure: 'stop' }],
      tests: [],
    });
    expect(whole?.spec).toMatchObject({
      match: { events: 'violations', filter: 'violation.process.name == "xmrig"' },
      mode: 'propose',
      lease: 14_400_000,
      approvals: { required: 2, from: ['security'], expireAfter: 900_000 },
      limits: { maxActive: 5, perNamespace: 2, perWorkloadPercent: 50 },
      steps: [
        { id: 'before', onFailure: 'continue' },
        { id: 'quarantine', with: { allowDns: true }, when: 'violation.severity_id >= 4' },
        { id: 'after' },
      ],
    });
  });

  it('parses what a step gives its action by the schema of the action, where the service has it', () => {
    const actions = buildRegistry('action', [{ type: 'quarantine', config: z.strictObject({ allowDns: z.boolean() }) }]);
    const text = (step: string): string =>
      `apiVersion: tocsin.dev/v1\nkind: ResponsePolicy\nmetadata: { name: a }\nspec:\n  match: { incidents: "true" }\n  steps: [${step}]\n`;
    const read = (step: string): PolicySet => parsePolicies(text(step), 'p.yaml', { actions });
    expect(read('{ action: quarantine, with: { allowDns: true } }').responses[0]?.spec.steps).toMatchObject([{ with: { allowDns: true } }]);
    expect(errorOf(() => read('{ action: quarantine, with: { alowDns: true } }'))).toBe(
      [
        'p.yaml:6:39: spec.steps[0].with.allowDns: is missing; expected true or false',
        'p.yaml:6:41: spec.steps[0].with.alowDns: is not a known key; did you mean "allowDns"? known: allowDns',
      ].join('\n'),
    );
  });

  it('good/silence.yaml and good/source-mapping.yaml are read', () => {
    expect(read(join(FIXTURES, 'good/silence.yaml')).silences).toMatchObject([
      { metadata: { name: 'upgrade' }, spec: { startsAt: '2026-07-01T18:00:00+02:00', endsAt: '2026-07-02T06:00:00Z', author: 'Ann' } },
    ]);
    expect(read(join(FIXTURES, 'good/source-mapping.yaml')).mappings).toMatchObject([{ spec: { mapping: { fields: { name: 'alert.rule' } } } }]);
  });

  it('leaves what rules say of one another unchecked unless it is told which others there are', () => {
    const text = readFileSync(join(FIXTURES, 'bad/chain-unknown.yaml'), 'utf8');
    expect(parsePolicies(text, 'x', schemas).rules).toHaveLength(2);
    expect(errorOf(() => parsePolicies(text, 'x', schemas, { knownRules: [] }))).toContain('which is no rule in force');
  });

  it('leaves the keys of an extension point unchecked that the service does not have', () => {
    const text = readFileSync(join(FIXTURES, 'good/subscription.yaml'), 'utf8');
    expect(parsePolicies(text, 'x', {}).subscriptions).toHaveLength(1);
    const unmapped = readFileSync(join(FIXTURES, 'bad/mapping-field.yaml'), 'utf8');
    expect(parsePolicies(unmapped, 'x', {}).mappings).toHaveLength(1);
  });
});

describe('loadPolicies', () => {
  let directory: string;
  const rule = (name: string): string =>
    `apiVersion: tocsin.dev/v1\nkind: CorrelationRule\nmetadata: { name: ${name} }\nspec: { title: T, kind: single, severity: low, filter: "true" }\n`;
  const put = async (name: string, text: string): Promise<void> => {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), text);
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'policies-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('reads all files below the directory in order, hidden and other ones left out', async () => {
    await put('b.yml', rule('b'));
    await put('a/z.yaml', rule('z'));
    await put('.git/x.yaml', 'nonsense: [');
    await put('.hidden.yaml', 'nonsense: [');
    await put('README.md', '# Not a policy');
    expect((await loadPolicies(directory, schemas)).rules.map((found) => found.metadata.name)).toEqual(['z', 'b']);
  });

  it('follows the links by which Kubernetes mounts a ConfigMap', async () => {
    await put('..2026_01/rules.yaml', rule('mounted'));
    await symlink('..2026_01', join(directory, '..data'));
    await symlink('..data/rules.yaml', join(directory, 'rules.yaml'));
    expect((await loadPolicies(directory, schemas)).rules.map((found) => found.metadata.name)).toEqual(['mounted']);
  });

  it('takes a missing directory for an empty set, and several directories for one', async () => {
    await put('one/a.yaml', rule('a'));
    await put('two/b.yaml', rule('b'));
    const { rules } = await loadPolicies([join(directory, 'one'), join(directory, 'absent'), join(directory, 'two')], schemas);
    expect(rules.map((found) => found.metadata.name)).toEqual(['a', 'b']);
  });

  it('tells the mistakes of all files at once, and both places of a name that is taken twice', async () => {
    await put('a.yaml', rule('same'));
    await put('b.yaml', rule('same'));
    await put('c.yaml', 'a: [');
    await put('d.yaml', rule('d').replace('low', 'lo'));
    await expect(loadPolicies(directory, schemas)).rejects.toThrow(
      new ConfigErrors([
        {
          file: join(directory, 'b.yaml'),
          line: 3,
          column: 19,
          path: 'metadata.name',
          message: `is "same", the name of another CorrelationRule at ${join(directory, 'a.yaml')}:2; rename one of them`,
        },
        {
          file: join(directory, 'c.yaml'),
          line: 1,
          column: 4,
          path: '',
          message: 'is not valid YAML: "[" is not closed; write "]" at the end, and indent the lines between',
        },
        {
          file: join(directory, 'd.yaml'),
          line: 4,
          column: 43,
          path: 'spec.severity',
          message: 'is "lo"; did you mean "low"? known: low, critical, fatal, high, informational, medium',
        },
      ]),
    );
  });

  it('tells which file cannot be read', async () => {
    await put('dir.yaml/keep.txt', '');
    await symlink('loop.yaml', join(directory, 'loop.yaml'));
    await expect(loadPolicies(directory, schemas)).rejects.toThrow(`${join(directory, 'loop.yaml')}: cannot be read (ELOOP)`);
  });
});
