import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadPolicies } from './policies.js';
import { RULE_PACK } from './policy-files.js';
import { loadRulePack } from './rule-pack.js';

const anyKind = {};

describe('the rules that come with Tocsin', () => {
  it('are there', async () => {
    expect((await loadRulePack(anyKind)).length).toBeGreaterThan(80);
  });

  it('are missed, not taken for none', async () => {
    await expect(loadRulePack(anyKind, join(RULE_PACK, 'absent'))).rejects.toThrow(/built-in rules are not at .*absent.*incomplete/);
  });

  it("are not the user's where they lie below the user's directory, however it is named", async () => {
    const directory = await mkdtemp(join(tmpdir(), 'policies-'));
    try {
      await symlink(dirname(RULE_PACK), join(directory, 'linked'));
      for (const policies of [dirname(RULE_PACK), join(directory, 'linked')]) {
        const { rules, subscriptions } = await loadPolicies(policies, {});
        expect(rules).toEqual([]);
        expect(subscriptions.length).toBeGreaterThan(0);
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('are read by who names their directory', async () => {
    expect((await loadPolicies(RULE_PACK, {})).rules.length).toBeGreaterThan(80);
  });
});
