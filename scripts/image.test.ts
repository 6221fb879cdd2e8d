import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RULE_PACK } from '@tocsin/policy';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const services = readdirSync(join(root, 'apps')).filter((app) => app !== 'cli' && existsSync(join(root, 'apps', app, 'src/main.ts')));

describe('Dockerfile', () => {
  // What is copied into the image itself, not into the stage that builds.
  const copies = (
    read('Dockerfile')
      .split(/^FROM /m)
      .at(-1) ?? ''
  )
    .split('\n')
    .filter((line) => line.startsWith('COPY') && !line.includes('--from='))
    .map((line) => line.split(/\s+/).filter((word) => !word.startsWith('--')))
    .map(([, from, to]) => [from, to]);

  it('copies the built-in rules to where they are looked for', () => {
    const place = relative(root, RULE_PACK);
    expect(copies).toContainEqual([place, place]);
    expect(read('.dockerignore').split('\n')).not.toContain('policies');
  });
});

describe('docker-compose.yml', () => {
  const { services: parts } = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { environment: Record<string, string>; volumes: string[] }>;
  };

  it.each(services.filter((app) => app !== 'standalone' && app !== 'console'))(
    'has %s read the policies of the clone where the image has its own',
    (app) => {
      // Elsewhere the rules of the clone would be taken for the user's, and nobody could replace one of them.
      const { TOCSIN_POLICY_DIR: directory = '' } = parts[app]?.environment ?? {};
      expect(directory).toBe('/app/policies');
      expect(parts[app]?.volumes).toContain(`./policies:${directory}:ro`);
    },
  );
});

describe('deploy/container/tocsin', () => {
  let bin: string;
  beforeAll(() => {
    bin = mkdtempSync(join(tmpdir(), 'image-'));
    writeFileSync(join(bin, 'node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  });
  afterAll(() => rmSync(bin, { recursive: true }));
  const launch = (...args: string[]): string =>
    execFileSync('sh', [join(root, 'deploy/container/tocsin'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
    }).trim();

  it.each(services)('starts %s', (app) => {
    expect(launch(app, '--demo')).toMatch(new RegExp(`/app/apps/${app}/dist/main\\.js --demo$`));
  });

  it('starts everything when it is told nothing', () => {
    expect(launch()).toMatch(/\/app\/apps\/standalone\/dist\/main\.js$/);
  });

  it.each(['check', 'test', 'explain', 'convert', '--help'])('hands %s to the command line', (command) => {
    expect(launch(command, 'policies', '-o', 'json')).toBe(`/app/apps/cli/dist/main.js ${command} policies -o json`);
  });
});
