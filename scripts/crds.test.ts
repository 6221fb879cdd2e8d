import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleKinds } from '../apps/correlator/src/rules/index.ts';
import { mapping } from '../apps/ingest/src/sources/generic/mapping.ts';
import { channels } from '../apps/notifier/src/channels/index.ts';
import { formats } from '../apps/notifier/src/formats/index.ts';
import { CRDS, crds } from './crds.ts';
import { schemasOf } from './schemas.ts';
import { structural } from './structural.ts';

describe('the CustomResourceDefinitions', () => {
  it('are as the code has them; if not, run `node scripts/crds.ts` and `node scripts/chart.ts` after a build', () => {
    const present = new Map(readdirSync(CRDS).map((name) => [name, readFileSync(join(CRDS, name), 'utf8')]));
    expect(present).toEqual(crds(schemasOf(ruleKinds, channels, mapping, formats)));
  });
});

describe('a structural schema', () => {
  const anything = { 'x-kubernetes-preserve-unknown-fields': true };

  it.each([
    ['a default is left out', { type: 'string', default: 'a', minLength: 1 }, { type: 'string', minLength: 1 }],
    ['a constant is an enum', { const: 'v1' }, { type: 'string', enum: ['v1'] }],
    ['a number above a bound', { type: 'number', exclusiveMinimum: 0 }, { type: 'number', minimum: 0, exclusiveMinimum: true }],
    ['a text or a number is anything', { anyOf: [{ type: 'string' }, { type: 'number' }] }, anything],
    ['an unknown format is none', { type: 'string', format: 'uri' }, { type: 'string' }],
    [
      'a strict map has its keys',
      { type: 'object', properties: { a: true }, additionalProperties: false },
      { type: 'object', properties: { a: anything } },
    ],
    ['a map of texts', { type: 'object', additionalProperties: { type: 'string' } }, { type: 'object', additionalProperties: { type: 'string' } }],
    ['a map of anything', { type: 'object', additionalProperties: {} }, { type: 'object', ...anything }],
    [
      'maps of which one stands there',
      {
        anyOf: [
          { type: 'object', properties: { env: { type: 'string' } }, required: ['env'] },
          { type: 'object', properties: { file: { type: 'string' } } },
        ],
      },
      { type: 'object', properties: { env: { type: 'string' }, file: { type: 'string' } } },
    ],
  ])('%s', (_name, schema, expected) => {
    expect(structural(schema)).toEqual(expected);
  });

  it('has the keys of all extensions, and takes anything where they differ', () => {
    const branch = (properties: object) => ({ if: {}, then: { properties: { type: true, ...properties } } });
    const schema = {
      type: 'object',
      properties: { type: { type: 'string' } },
      allOf: [branch({ url: { type: 'string' }, port: { type: 'string' } }), branch({ port: { type: 'integer' } })],
    };
    expect(structural(schema)).toEqual({ type: 'object', properties: { type: { type: 'string' }, url: { type: 'string' }, port: anything } });
  });
});
