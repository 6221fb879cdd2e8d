import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionRegistry } from '../apps/responder/src/actions/index.ts';
import { rolesOf } from '../apps/responder/src/kubernetes/roles.ts';
import { MANIFESTS, manifests } from './responder-manifests.ts';

describe('deploy/k8s/responder', () => {
  const files = manifests(actionRegistry, rolesOf);

  it.each([...files])('%s is as the action needs it; if not, run `node scripts/responder-manifests.ts` after a build', (name, text) => {
    expect(readFileSync(join(MANIFESTS, name), 'utf8')).toBe(text);
  });

  it('has no role of an action that is none', () => {
    expect(readdirSync(MANIFESTS).filter((name) => name.startsWith('role-'))).toEqual([...files.keys()].toSorted());
  });

  it('grants nothing that the responder must never have', () => {
    const all = [...files.values()].join('\n');
    for (const word of [
      'secrets',
      'pods/exec',
      'pods/attach',
      'nodes/proxy',
      '"*"',
      "'*'",
      'deletecollection',
      '- delete',
      'impersonate',
      'escalate',
    ]) {
      expect(all).not.toContain(word);
    }
  });
});
