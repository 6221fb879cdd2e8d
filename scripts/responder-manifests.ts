// deploy/k8s/responder, made of what the actions need: `node scripts/responder-manifests.ts` writes it anew. Needs a build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import type * as Actions from '../apps/responder/src/actions/index.ts';
import type * as Roles from '../apps/responder/src/kubernetes/roles.ts';

export const MANIFESTS = join(import.meta.dirname, '..', 'deploy', 'k8s', 'responder');

type Registry = (typeof Actions)['actionRegistry'];
type RolesOf = (typeof Roles)['rolesOf'];

/** Files by their names: a role or two for each action. */
export function manifests(registry: Registry, rolesOf: RolesOf): Map<string, string> {
  return new Map(
    [...registry.values()].map((definition) => {
      const roles = Object.values(rolesOf(definition));
      const head = `# ${definition.summary}\n# Bind it only where the action is wanted; see README.md.\n`;
      return [`role-${definition.type}.yaml`, head + roles.map((role) => stringify(role, { lineWidth: 0 })).join('---\n')];
    }),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const built = join(import.meta.dirname, '..', 'apps', 'responder', 'dist');
  const { actionRegistry } = (await import(`${built}/actions/index.js`)) as typeof Actions;
  const { rolesOf } = (await import(`${built}/kubernetes/roles.js`)) as typeof Roles;
  mkdirSync(MANIFESTS, { recursive: true });
  for (const [name, text] of manifests(actionRegistry, rolesOf)) writeFileSync(join(MANIFESTS, name), text);
}
