// What the chart carries of other folders, since a chart holds its own files alone: `node scripts/chart.ts` copies it anew.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const deploy = join(import.meta.dirname, '..', 'deploy');
const chart = join(deploy, 'helm', 'tocsin');

/** Where files come from, which of them, and where they are in the chart. */
export const COPIES: readonly { from: string; files: RegExp; to: string }[] = [
  { from: join(deploy, 'k8s', 'responder'), files: /^role-.*\.yaml$/, to: join(chart, 'files', 'roles') },
  { from: join(deploy, 'prometheus'), files: /^rules\.yaml$/, to: join(chart, 'files', 'prometheus') },
  { from: join(deploy, 'grafana', 'dashboards'), files: /\.json$/, to: join(chart, 'files', 'dashboards') },
  { from: join(deploy, 'crds'), files: /\.yaml$/, to: join(chart, 'crds') },
];

export function filesOf(directory: string, files: RegExp): string[] {
  return existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => files.test(name))
        .toSorted()
    : [];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { from, files, to } of COPIES) {
    rmSync(to, { recursive: true, force: true });
    for (const name of filesOf(from, files)) {
      mkdirSync(to, { recursive: true });
      cpSync(join(from, name), join(to, name));
    }
  }
}
