import { describe, expect, it } from '@jest/globals';
import { compileFilter, parsePolicies, unknownFields } from '@tocsin/policy';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleKinds } from '../apps/correlator/src/rules/index.ts';
import { mapping } from '../apps/ingest/src/sources/generic/mapping.ts';
import { channels } from '../apps/notifier/src/channels/index.ts';
import { formats } from '../apps/notifier/src/formats/index.ts';
import { schemaFiles, schemasOf } from './schemas.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const page = read('docs/policies.md');
const pages = `${page}\n${read('docs/channels.md')}`;
const schemas = schemasOf(ruleKinds, channels, mapping, formats);

/** The names of all properties, however deep. */
function propertiesIn(schema: unknown): string[] {
  if (schema === null || typeof schema !== 'object') return [];
  if (Array.isArray(schema)) return schema.flatMap(propertiesIn);
  const { properties, ...rest } = schema as { properties?: Record<string, unknown> };
  return [...Object.keys(properties ?? {}), ...Object.values(properties ?? {}).flatMap(propertiesIn), ...propertiesIn(Object.values(rest))];
}

describe('docs/policies.md and docs/channels.md', () => {
  const words = new Set([...pages.matchAll(/`([^`\n]+)`/g)].flatMap((match) => [match[1] ?? '', ...(match[1] ?? '').split(/[^\w-]+/)]));

  it.each([...schemaFiles(schemas)])('names every key of %s', (_, text) => {
    const keys = new Set(propertiesIn(JSON.parse(text)));
    expect(keys.size).toBeGreaterThan(8);
    expect([...keys].filter((key) => !words.has(key))).toEqual([]);
  });

  it.each(ruleKinds.map(({ type }) => type))('has the rule kind %s', (type) => {
    expect(words).toContain(type);
  });
});

describe('conditions in docs/policies.md', () => {
  it.each([...page.matchAll(/^(violation|incident)\..*$/gm)].map(([line, variable]) => [line, variable as 'violation' | 'incident'] as const))(
    '%s is valid',
    (line, variable) => {
      compileFilter(line, variable);
      expect(unknownFields(line, variable)).toEqual([]);
    },
  );
});

describe('examples in Markdown', () => {
  const blocks = globSync('{README.md,docs/**/*.md,apps/**/README.md}', { cwd: root, exclude: (name) => name === 'node_modules' }).flatMap((file) =>
    [...read(file).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((match, index) => [`${file}, example ${index + 1}`, match[1] ?? ''] as const),
  );
  const documents = blocks.filter(([, text]) => /^apiVersion: tocsin\.dev\//m.test(text));

  it('are found', () => {
    expect(documents.length).toBeGreaterThan(7);
  });

  it.each(documents)('%s is a valid policy', (place, text) => {
    const set = parsePolicies(text, place, schemas, { knownRules: ['shell-in-container', 'crypto-miner'] });
    expect(Object.values(set).flat().length).toBeGreaterThan(0);
  });
});
