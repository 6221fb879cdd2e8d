import { describe, expect, it } from '@jest/globals';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ruleKinds } from '../apps/correlator/src/rules/index.ts';
import { sources } from '../apps/ingest/src/sources/index.ts';
import { actionRegistry } from '../apps/responder/src/actions/index.ts';
import { channels } from '../apps/notifier/src/channels/index.ts';
import { formats } from '../apps/notifier/src/formats/index.ts';

const root = join(import.meta.dirname, '..');
const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');

/** The lists of registration themselves, since a guide that names files is wrong as soon as they move. */
const POINTS = new Map<string, readonly { type: string }[]>([
  ['apps/ingest/src/sources/index.ts', sources],
  ['apps/correlator/src/rules/index.ts', ruleKinds],
  ['apps/responder/src/actions/index.ts', [...actionRegistry.values()]],
  ['apps/notifier/src/channels/index.ts', channels],
  ['apps/notifier/src/formats/index.ts', formats],
]);

describe('CONTRIBUTING.md', () => {
  const paths = [...guide.matchAll(/`((?:apps|libs|test|scripts|docs|\.ci)\/[^`]*)`/g)].map((match) => (match[1] ?? '').replace(/<type>\/$/, ''));

  it.each(paths)('names %s, which exists', (path) => {
    expect(existsSync(join(root, path))).toBe(true);
  });

  it('names every folder of apps/ and libs/', () => {
    for (const manifest of globSync('{apps,libs}/*/package.json', { cwd: root })) expect(guide).toContain(`\`${dirname(manifest)}/\``);
  });

  it('names every list of extensions', () => {
    const lists = globSync('apps/*/src/{sources,rules,actions,channels,formats}/index.ts', { cwd: root });
    expect(lists.toSorted()).toEqual([...POINTS.keys()].toSorted());
    for (const list of lists) expect(guide).toContain(`\`${list}\``);
  });

  it.each([...POINTS])('%s lists each folder beside it, by its name', (list, extensions) => {
    const folders = readdirSync(join(root, dirname(list)), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(extensions.map(({ type }) => type).toSorted()).toEqual(folders.map(({ name }) => name).toSorted());
  });

  it.each([...POINTS])('every extension of %s runs the contract that the guide names', (list, extensions) => {
    const contract = new RegExp(`\`${list}\` \\| \`(\\w+)\``).exec(guide)?.[1] ?? 'no contract in the guide';
    for (const { type } of extensions) {
      const tests = globSync(`${dirname(list)}/${type}/**/*.test.ts`, { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
      expect(`${type}: ${tests.some((text) => text.includes(`${contract}(`))}`).toBe(`${type}: true`);
    }
  });

  it.each([...guide.matchAll(/npm (?:run )?(test:?\w*|format)\b/g)].map((match) => match[1] ?? ''))('names the script %s, which exists', (script) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    expect(Object.keys(scripts)).toContain(script);
  });
});
