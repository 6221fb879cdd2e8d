import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RULE_PACK } from '@tocsin/policy';
import { createLogger } from '@tocsin/runtime';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openCorrelatorPolicies, type CorrelatorPolicies } from './policies.js';

const GRACE = 300_000;
const document = (name: string, spec: string): string =>
  `apiVersion: tocsin.dev/v1\nkind: CorrelationRule\nmetadata: { name: ${name} }\nspec: { title: T, kind: single, severity: low, ${spec} }\n`;

describe('policies of the correlator', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'policies-'));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const load = async (policyDir: string, builtinRules: boolean): Promise<CorrelatorPolicies> => {
    const source = await openCorrelatorPolicies({ cluster: 'c', policyDir, policies: { source: 'directory' } }, { builtinRules, grace: GRACE });
    return source.first(createLogger('test', 'silent'));
  };
  const put = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);

  it('are those of the pack and of the user, whose documents replace what they name', async () => {
    const { rules: packOnly } = await load(directory, true);
    await put('a.yaml', document('mine', 'rules: [crypto-miner]'));
    await put('b.yaml', document('crypto-miner', 'filter: "true"').replace('low', 'informational'));
    const { rules } = await load(directory, true);
    expect(rules.byName.size).toBe(packOnly.byName.size + 1);
    expect(rules.byName.get('crypto-miner')).toMatchObject({ severity: 1 });
  });

  it('are the same where the pack lies below the directory of the user, as in a clone', async () => {
    const clone = dirname(RULE_PACK);
    const { rules } = await load(clone, true);
    expect(rules.byName.size).toBeGreaterThan(80);
    // Without the pack, none of it is left.
    expect((await load(clone, false)).rules.byName.size).toBe(0);
  });

  it('has a copy of the pack for documents of the user, which replace it', async () => {
    await cp(RULE_PACK, join(directory, 'rules'), { recursive: true });
    const { rules } = await load(directory, true);
    expect(rules.byName.size).toBe((await load(dirname(RULE_PACK), true)).rules.byName.size);
  });

  it('tell what rules say wrongly of one another and of the pack together with all other mistakes', async () => {
    await put('a.yaml', document('a', 'rules: [crypto-minr]'));
    await put('b.yaml', document('b', 'filter: "true", titel: x'));
    await expect(load(directory, true)).rejects.toThrow(
      /a\.yaml:4:.*"crypto-minr", which is no rule in force; did you mean "crypto-miner"\?.*\n.*b\.yaml:4:.*spec\.titel/,
    );
  });
});
