import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { useWorkspace } from '../testing.js';

const execute = promisify(execFile);

describe('tocsin completion', () => {
  const workspaces = useWorkspace();

  /** What bash offers for the last of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const { out } = await (await workspaces.open()).tocsin('completion', 'bash');
    const script = `${out}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tocsin; echo "\${COMPREPLY[@]}"`;
    const { stdout } = await execute('bash', ['-c', script, 'bash', 'tocsin', ...words]);
    return stdout.trim() === '' ? [] : stdout.trim().split(' ');
  }

  it('offers commands, then the words and options of each', async () => {
    expect(await offered('inci')).toEqual(['incidents', 'incident']);
    expect(await offered('token', '')).toEqual(['create', 'list', 'revoke']);
    expect(await offered('incidents', '--sta')).toEqual(['--status']);
    expect(await offered('resolve', 'some-id', '--rea')).toEqual(['--reason']);
    expect(await offered('nonsense', '')).toEqual([]);
  });

  it('is there for zsh and fish, and for no other shell', async () => {
    const workspace = await workspaces.open();
    expect((await workspace.tocsin('completion', 'zsh')).out).toContain('bashcompinit');
    const { out } = await workspace.tocsin('completion', 'fish');
    expect(out).toContain("complete -c tocsin -n '__fish_seen_subcommand_from silence' -a 'create list end'\n");
    expect(await workspace.tocsin('completion', 'tcsh')).toMatchObject({ code: 2, err: expect.stringContaining('expected bash, zsh or fish') });
  });
});
