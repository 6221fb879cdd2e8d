import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { ensureHelm } from '@tocsin/testing';

const CHART = join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'tocsin');

export interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
  [key: string]: unknown;
}

/** What `helm install` would create, hooks and tests included. Rejects with what Helm says. */
export async function render(values: object, namespace = 'tocsin'): Promise<Rendered[]> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-chart-'));
  try {
    await writeFile(join(directory, 'values.json'), JSON.stringify(values));
    const args = ['template', 'tocsin', CHART, '--namespace', namespace, '--kube-version', '1.36.0', '-f', join(directory, 'values.json')];
    const { stdout } = await promisify(execFile)(await ensureHelm(), args, { maxBuffer: 64 * 1024 * 1024 });
    return parseAllDocuments(stdout).flatMap((document) => {
      if (document.errors.length > 0) throw document.errors[0] as Error;
      const value = document.toJS() as Rendered | null;
      return value === null ? [] : [value];
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
