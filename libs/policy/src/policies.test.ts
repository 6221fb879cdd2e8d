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

  it('leaves the keys of an extension point unchecked that the service does not have', () => {
    const text = readFileSync(join(FIXTURES, 'good/subscription.yaml'), 'utf8');
    expect(parsePolicies(text, 'x', {}).subscriptions).toHaveLength(1);
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
          column: 5,
          path: '',
          message: 'is not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
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
