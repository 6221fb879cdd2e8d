import { describe, expect, it } from '@jest/globals';
import { ConfigErrors } from '@tocsin/extension';
import { parsePolicies } from '@tocsin/policy';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ruleKinds } from '../apps/correlator/src/rules/index.ts';
import { mapping } from '../apps/ingest/src/sources/generic/mapping.ts';
import { channels } from '../apps/notifier/src/channels/index.ts';
import { formats } from '../apps/notifier/src/formats/index.ts';
import { schemasOf } from './schemas.ts';

const MISTAKES = join(import.meta.dirname, 'fixtures', 'mistakes');
const schemas = schemasOf(ruleKinds, channels, mapping, formats);

function messageOf(file: string): string {
  try {
    parsePolicies(readFileSync(file, 'utf8'), basename(file), schemas, { knownRules: ['shell-in-container', 'reverse-shell'] });
    return '';
  } catch (error) {
    if (error instanceof ConfigErrors) return `${error.message}\n`;
    throw error;
  }
}

// What a newcomer gets wrong with the rule kinds, channels and mappings that there are, and all that they are told.
describe('mistakes in policy documents', () => {
  it.each(globSync('*.yaml', { cwd: MISTAKES }).toSorted())('%s is refused with the message beside it', (name) => {
    expect(messageOf(join(MISTAKES, name))).toBe(readFileSync(join(MISTAKES, name.replace(/yaml$/, 'expected')), 'utf8'));
  });
});
