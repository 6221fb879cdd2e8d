import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { RULES_PAGE, rulesPage } from './rules-doc.ts';

describe('docs/rules.md', () => {
  it('is as the rules are; if not, run `node scripts/rules-doc.ts`', () => {
    expect(readFileSync(RULES_PAGE, 'utf8')).toBe(rulesPage());
  });
});
