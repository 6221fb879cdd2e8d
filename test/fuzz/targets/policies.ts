import { readdir, readFile } from 'node:fs/promises';
import { ConfigErrors } from '@tocsin/extension';
import { checkRules, parsePolicies } from '@tocsin/policy';
import type * as CliPolicies from '../../../apps/cli/src/policies.ts';
import { Finding, type Target } from '../target.ts';

const FOLDER = new URL('../../../policies/', import.meta.url);
const BUILT = new URL('../../../apps/cli/dist/policies.js', import.meta.url);
/** Longer files are not better to mutate. */
const SEED_BYTES = 6_000;

/** Any text is documents, or mistakes that say where they are. */
export async function policies(): Promise<Target> {
  const { SCHEMAS } = (await import(BUILT.href)) as typeof CliPolicies;
  const files = (await readdir(FOLDER, { recursive: true })).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, FOLDER), 'utf8')));
  const documents = texts.flatMap((text) => text.split(/^---$/m)).filter((text) => text.trim() !== '' && text.length < SEED_BYTES);
  const seeds = documents.filter((_, index) => index % Math.ceil(documents.length / 40) === 0);
  return {
    name: 'policies',
    seeds: seeds.map((text) => Buffer.from(text)),
    words: [
      ...new Set(documents.flatMap((text) => text.match(/[\w.-]+:?/g) ?? [])),
      '---\n',
      '&a',
      '*a',
      '<<: *a',
      '!!js/function',
      '!!binary',
      '|\n',
      '>-\n',
      '? ',
    ],
    run(input) {
      try {
        checkRules(parsePolicies(input.toString(), 'fuzz.yaml', SCHEMAS).rules);
      } catch (error) {
        if (!(error instanceof ConfigErrors)) throw error;
        if (error.issues.length === 0 || error.issues.some(({ message }) => message === '')) throw new Finding('It has mistakes without a sentence.');
      }
    },
  };
}
