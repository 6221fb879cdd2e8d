import { describe, expect, it } from '@jest/globals';
import { loadRulePack } from '@tocsin/policy';
import { readFileSync } from 'node:fs';
import { RULES_PAGE, rulesPage } from './rules-doc.ts';

const page = rulesPage();

describe('docs/rules.md', () => {
  it('is as the rules are; if not, run `node scripts/rules-doc.ts`', () => {
    expect(readFileSync(RULES_PAGE, 'utf8')).toBe(page);
  });

  it('has every rule, and no link to one that is none', async () => {
    const headings = new Set([...page.matchAll(/^### (\S+)$/gm)].map(([, name]) => name));
    expect([...headings].toSorted()).toEqual((await loadRulePack({})).map(({ metadata }) => metadata.name).toSorted());
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, name]) => name);
    expect(links.filter((name) => !headings.has(name))).toEqual([]);
  });

  it.each([
    ['brute-force', 'NeuVector', 'NeuVector: `User.Login.Failed`, `User.Login.Blocked`'],
    ['exec-by-api', 'Falco (k8saudit)', 'Falco (k8saudit): `Attach/Exec Pod`'],
    ['egress-to-internet', '`network` events', 'events of the kind `network`.'],
    ['exec-into-container', 'Falco, Falco (k8saudit)', '[exec-by-api](#exec-by-api), [shell-in-container](#shell-in-container)'],
  ])('says what %s needs and reads', (name, needs, reads) => {
    expect(page.split('\n').find((line) => line.startsWith(`| [${name}]`))).toMatch(new RegExp(`\\| ${needs.replaceAll(/[()]/g, '\\$&')} \\|$`));
    expect(page.split(`### ${name}\n`)[1]?.split('\n### ')[0]).toContain(`Reads: ${reads}`);
  });
});
