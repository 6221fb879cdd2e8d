import { describe, expect, it } from '@jest/globals';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleKindRegistry } from '@tocsin/correlator/policies';
import { checkRules, parsePolicies } from '@tocsin/policy';
import { convertSigma } from './convert.js';
import { remarkText } from './report.js';

const FIXTURES = join(import.meta.dirname, 'fixtures');

// With UPDATE=1 what comes is written, for a person to look at.
function expectText(name: string, text: string): void {
  const file = join(FIXTURES, name);
  if (process.env['UPDATE'] === '1') writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

describe.each(globSync('*.yml', { cwd: FIXTURES }).toSorted())('%s', (file) => {
  const converted = convertSigma([{ file, text: readFileSync(join(FIXTURES, file), 'utf8') }], { cased: false });
  const text = converted.map((one) => one.text).join('---\n');

  it('becomes the rules beside it', () => expectText(file.replace(/yml$/, 'expected.yaml'), text));

  it('is told of as beside it', () => {
    const remarks = converted.flatMap(({ source }) => source.remarks.list.map((remark) => `${remarkText(remark)}\n`));
    expectText(file.replace(/yml$/, 'remarks.txt'), remarks.join(''));
  });

  it('gives rules that are valid together', () => {
    const { rules } = parsePolicies(text, file, { ruleKinds: ruleKindRegistry });
    expect(checkRules(rules)).toEqual([]);
    expect(rules.filter(({ spec }) => spec.enabled)).toHaveLength(converted.filter(({ outcome }) => outcome === 'in force').length);
  });
});
