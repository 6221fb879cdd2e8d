import { afterEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BIN = join(import.meta.dirname, '..', 'bin');

describe('bin/tocsin.js', () => {
  const directories: string[] = [];
  afterEach(async () => {
    for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
  });

  /** The command in a package of its own, with what the build would make of main.ts. */
  async function run(main: string | undefined) {
    const directory = await mkdtemp(join(tmpdir(), 'tocsin-bin-'));
    directories.push(directory);
    await cp(BIN, join(directory, 'bin'), { recursive: true });
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    if (main !== undefined) {
      await mkdir(join(directory, 'dist'));
      await writeFile(join(directory, 'dist', 'main.js'), main);
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(directory, 'bin', 'tocsin.js'), 'a', 'b'], { encoding: 'utf8' });
    return { status, stdout, stderr };
  }

  it('says what to do when nothing is built', async () => {
    expect(await run(undefined)).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('run "npm ci" in the repository') });
  });

  it('hands over its arguments, and the exit code', async () => {
    const main = 'process.stdout.write(process.argv.slice(2).join()); process.exitCode = 1;';
    expect(await run(main)).toEqual({ status: 1, stdout: 'a,b', stderr: '' });
  });
});
