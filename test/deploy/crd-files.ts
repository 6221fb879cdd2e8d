import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const CRDS = join(import.meta.dirname, '..', '..', 'deploy', 'crds');

/** The CustomResourceDefinitions as they are shipped. */
export function shippedCrds(): Promise<object[]> {
  const files = globSync('*.yaml', { cwd: CRDS }).toSorted();
  return Promise.all(files.map(async (file) => parse(await readFile(join(CRDS, file), 'utf8')) as object));
}
