import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYaml } from '@tocsin/extension';
import { parsePolicies } from '@tocsin/policy';
import { z } from 'zod';
import { configIssues, withMappings } from '../check-config.js';
import { ingestConfig } from '../config.js';
import { mapping } from './generic/mapping.js';
import { sources } from './index.js';

const tocsin = z.strictObject({ ingest: ingestConfig });

describe.each(sources)('README of $type', ({ type, config }) => {
  const file = join(import.meta.dirname, type, 'README.md');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const examples = [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, yaml = '']) => yaml);

  it('tells every setting', () => {
    const told = [...text.slice(text.indexOf('## Settings')).matchAll(/^\| `([^`]+)`/gm)].map(([, key]) => key);
    expect(told).toEqual(Object.keys((config as z.ZodObject).shape));
  });

  it('ends with settings that are valid', () => {
    const documents = examples.filter((yaml) => yaml.startsWith('apiVersion'));
    const mappings = documents.flatMap((yaml) => parsePolicies(yaml, 'README.md', { mapping }).mappings);
    const last = examples.at(-1) ?? '';
    expect(text.endsWith(`\`\`\`yaml\n${last}\`\`\`\n`)).toBe(true);
    const { ingest } = parseYaml(last, 'README.md', tocsin);
    expect(configIssues(ingest, '127.0.0.1')).toEqual([]);
    expect(() => withMappings(ingest, mappings)).not.toThrow();
  });
});
