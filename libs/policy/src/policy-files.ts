import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConfigIssue } from '@tocsin/extension';

/** Where the rules are that come with Tocsin. */
export const RULE_PACK = fileURLToPath(new URL('../../../policies/rules', import.meta.url));

/**
 * Policy files below a directory in the order of their names, or the file itself; what cannot be read is among the issues.
 * The rules that come with Tocsin are no user's: they are left out of a directory that holds theirs, as `./policies` of a
 * clone does, so that a document there may replace one of them.
 */
export async function policyFiles(directory: string, issues: ConfigIssue[]): Promise<string[]> {
  const entries = await attempt(directory, issues, async () => entriesOf(directory));
  if (entries === undefined) return [];
  if (entries === 'file') return [directory];
  const files: string[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    // Kubernetes mounts a ConfigMap as links into hidden folders, so links are followed and hidden names are not.
    if (entry.name.startsWith('.')) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...((await isRulePack(path)) ? [] : await policyFiles(path, issues)));
    else if (/\.ya?ml$/.test(entry.name)) files.push(path);
  }
  return files;
}

async function isRulePack(path: string): Promise<boolean> {
  return (await realpath(path).catch(() => path)) === RULE_PACK;
}

async function entriesOf(path: string): Promise<Dirent[] | 'file'> {
  return readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return 'file' as const;
    throw error;
  });
}

/** Undefined when it could not be read; that it is not there is no mistake. */
export async function attempt<T>(path: string, issues: ConfigIssue[], read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code !== 'ENOENT') issues.push({ file: path, path: '', message: `cannot be read (${code})` });
    return undefined;
  }
}
