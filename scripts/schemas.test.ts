import { describe, expect, it } from '@jest/globals';
import { parseYamlDocuments } from '@tocsin/extension';
import { Ajv, type ValidateFunction } from 'ajv';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleKinds } from '../apps/correlator/src/rules/index.ts';
import { mapping } from '../apps/ingest/src/sources/generic/mapping.ts';
import { channels } from '../apps/notifier/src/channels/index.ts';
import { formats } from '../apps/notifier/src/formats/index.ts';
import { outOfDate, schemaFiles, schemasOf } from './schemas.ts';

const root = join(import.meta.dirname, '..');
const files = schemaFiles(schemasOf(ruleKinds, channels, mapping, formats));
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const validator = (name: string): ValidateFunction => ajv.compile(JSON.parse(files.get(`${name}.schema.json`) ?? '') as object);
const tocsin = validator('tocsin');

const documentsOf = (file: string): { kind: string }[] =>
  parseYamlDocuments(readFileSync(join(root, file), 'utf8'), file).map(({ value }) => value as { kind: string });

const rule = (spec: object): object => ({
  apiVersion: 'tocsin.dev/v1',
  kind: 'CorrelationRule',
  metadata: { name: 'a' },
  spec: { title: 'T', severity: 'high', filter: 'true', kind: 'event_count', timespan: '5m', condition: { gte: 3 }, ...spec },
});

describe('the published JSON Schemas', () => {
  it('are as the code has them; if not, run `node scripts/schemas.ts` after a build', () => {
    expect(outOfDate(files)).toEqual([]);
  });

  it.each(globSync('{policies/**,docs/examples/**}/*.yaml', { cwd: root }).toSorted())('take %s', (file) => {
    for (const document of documentsOf(file)) {
      tocsin(document);
      expect({ document, errors: tocsin.errors }).toEqual({ document, errors: null });
    }
  });

  it.each([
    ['a rule', {}],
    ['a severity in capitals', { severity: 'High' }],
    ['gt instead of gte', { condition: { gt: 2 } }],
  ])('take %s', (_, spec) => {
    expect(tocsin(rule(spec))).toBe(true);
    expect(validator('correlation-rule')(rule(spec))).toBe(true);
  });

  it.each([
    ['an unknown key', { titel: 'T' }],
    ['a key of another kind of rule', { halfLife: '1h' }],
    ['an unknown kind of rule', { kind: 'event-count' }],
    ['a missing key of the kind', { timespan: undefined }],
    ['a duration in words', { timespan: '5 minutes' }],
    ['a misspelt severity', { severity: 'hgih' }],
    ['another comparison', { condition: { lte: 3 } }],
    ['a filter and rules', { rules: ['a', 'b'] }],
    ['neither filter nor rules', { filter: undefined }],
  ])('refuse %s', (_, spec) => {
    const document = JSON.parse(JSON.stringify(rule(spec))) as object;
    expect(tocsin(document)).toBe(false);
    expect(validator('correlation-rule')(document)).toBe(false);
  });

  it('refuse the keys of another channel', () => {
    const subscription = (channel: object): object => ({
      apiVersion: 'tocsin.dev/v1',
      kind: 'Subscription',
      metadata: { name: 'a' },
      spec: { events: 'incidents', channel },
    });
    expect(tocsin(subscription({ type: 'syslog', host: 'siem' }))).toBe(true);
    expect(tocsin(subscription({ type: 'webhook', host: 'siem' }))).toBe(false);
  });
});
