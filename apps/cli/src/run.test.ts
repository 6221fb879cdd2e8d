import { describe, expect, it } from '@jest/globals';
import { useWorkspace } from './testing.js';

describe('tocsin', () => {
  const workspace = useWorkspace();

  it.each([[[]], [['--help']], [['-h']], [['help']]])('lists its commands: %j', async (args) => {
    const { code, out } = await (await workspace.open()).tocsin(...args);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: tocsin <command>/);
    for (const name of ['check', 'convert', 'explain', 'test']) expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  });

  it('names the command that was meant', async () => {
    const { code, err } = await (await workspace.open()).tocsin('chek');
    expect(code).toBe(2);
    expect(err).toMatch(/^tocsin: "chek" is no command; did you mean "check"\?/);
  });

  it('has no commands that JavaScript objects have of their own', async () => {
    expect((await (await workspace.open()).tocsin('constructor')).code).toBe(2);
    expect((await (await workspace.open()).tocsin('help', 'toString')).code).toBe(2);
  });

  it('names the option that was meant', async () => {
    const { code, err } = await (await workspace.open()).tocsin('test', '--juint', 'x.xml');
    expect(code).toBe(2);
    expect(err).toMatch(/^tocsin test: "--juint" is no option; did you mean "--junit"\?/);
  });

  it('says what an option needs', async () => {
    const { code, err } = await (await workspace.open()).tocsin('test', '--junit');
    expect(code).toBe(2);
    expect(err).toContain('--junit');
  });

  it.each(['check', 'convert', 'explain', 'test'])('explains %s, with every option', async (name) => {
    const { code, out } = await (await workspace.open()).tocsin(name, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`Usage: tocsin ${name} `);
    const { code: same, out: byHelp } = await (await workspace.open()).tocsin('help', name);
    expect([same, byHelp]).toEqual([0, out]);
  });

  it('names an output that it knows', async () => {
    const { code, err } = await (await workspace.open()).tocsin('check', '-o', 'jsn');
    expect(code).toBe(2);
    expect(err).toMatch(/"jsn" is no output; did you mean "json"\?/);
  });
});
