import { describe, expect, it } from '@jest/globals';
import { readFile, readdir } from 'node:fs/promises';
import { useWorkspace } from '../testing.js';

const detection = (title: string, selection: string, more = ''): string =>
  `title: ${title}\n${more}logsource: { product: linux, category: process_creation }\ndetection:\n  selection: ${selection}\n  condition: selection\nlevel: high\n`;

describe('tocsin convert sigma', () => {
  const workspaces = useWorkspace();

  it('prints what it makes, which passes the check', async () => {
    const workspace = await workspaces.open();
    await workspace.write('s/a.yml', detection('Netcat', '{ Image|endswith: /nc }'));
    await workspace.write('s/below/b.yml', detection('Socat', '{ Image|endswith: /socat }'));
    const { code, out, err } = await workspace.tocsin('convert', 'sigma', '@/s');
    expect(code).toBe(0);
    expect(err).toBe('2 rules, 0 of them not in force.\n');
    expect(out).toContain('metadata: { name: netcat }');
    await workspace.write('p/all.yaml', out);
    expect(await workspace.tocsin('check', '@/p')).toEqual({ code: 0, out: 'Valid: 2 CorrelationRule.\n', err: '' });
  });

  it('gives a rule that matches what sensors send', async () => {
    const workspace = await workspaces.open(
      JSON.stringify({
        rule: 'Netcat',
        priority: 'Error',
        output: 'x',
        output_fields: { 'evt.type': 'execve', 'proc.exepath': '/usr/bin/NC', 'proc.name': 'nc' },
      }),
    );
    await workspace.write('s/a.yml', detection('Netcat', '{ Image|endswith: /nc }'));
    expect((await workspace.tocsin('convert', 'sigma', '@/s/a.yml', '-o', '@/p')).code).toBe(0);
    const { code, out } = await workspace.tocsin('explain', 'netcat', '-', '--source', 'falco', '--policy', '@/p');
    expect(out).toContain('It makes an incident: Netcat');
    expect(code).toBe(0);
  });

  it('compares with regard to case on demand, which gives shorter conditions', async () => {
    const workspace = await workspaces.open();
    await workspace.write('s/a.yml', detection('Netcat', '{ Image|endswith: [/nc, /ncat], User: root }'));
    const { out } = await workspace.tocsin('convert', 'sigma', '@/s', '--cased');
    expect(out).toContain('(violation.process.path.endsWith("/nc") || violation.process.path.endsWith("/ncat"))');
    expect(out).toContain('violation.user.name == "root"');
  });

  it('writes a file for each that it read, and tells what has no equivalent', async () => {
    const workspace = await workspaces.open();
    await workspace.write('s/a.yml', `${detection('Netcat', '{ Image|endswith: /nc }')}---\n${detection('Hash', '{ Hashes: x }')}`);
    await workspace.write('s/b.yml', detection('Socat', '{ Image|endswith: /socat }'));
    const { code, out, err } = await workspace.tocsin('convert', 'sigma', '@/s', '--output', '@/p/q');
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toBe(
      's/a.yml:11:16: detection.selection.Hashes: is a field that violations have no equivalent of\n3 rules in p/q, 1 of them not in force.\n',
    );
    expect((await readdir(workspace.path('p/q'))).toSorted()).toEqual(['a.yaml', 'b.yaml']);
    expect(await readFile(workspace.path('p/q/a.yaml'), 'utf8')).toContain('enabled: false');
    expect((await workspace.tocsin('check', '@/p')).out).toBe('Valid: 3 CorrelationRule.\n');
  });

  it('converts chains over several files, and what is chained to in another', async () => {
    const workspace = await workspaces.open();
    const chain = 'title: Both\ncorrelation: { type: temporal, rules: [one, two], group-by: [ComputerName], timespan: 5m }\nlevel: critical\n';
    await workspace.write('s/chain.yml', chain);
    await workspace.write('s/one.yml', detection('One', '{ User: a }', 'name: one\n'));
    await workspace.write('s/two.yml', detection('Two', '{ User: b }', 'name: two\n'));
    expect((await workspace.tocsin('convert', 'sigma', '@/s', '-o', '@/p')).code).toBe(0);
    expect((await workspace.tocsin('check', '@/p')).code).toBe(0);
    const { code, err } = await workspace.tocsin('convert', 'sigma', '@/s/chain.yml');
    expect(code).toBe(1);
    expect(err).toContain('has "one", which is no rule of these files');
  });

  it('keeps names apart', async () => {
    const workspace = await workspaces.open();
    await workspace.write('s/a.yml', [1, 2].map(() => detection('Ünïcode & Co.!', '{ User: a }')).join('---\n'));
    const { out } = await workspace.tocsin('convert', 'sigma', '@/s');
    expect(out).toContain('name: unicode-co }');
    expect(out).toContain('name: unicode-co-2 }');
  });

  it('tells where a file is no YAML', async () => {
    const workspace = await workspaces.open();
    await workspace.write('s/a.yml', 'title: [\n');
    const { code, err } = await workspace.tocsin('convert', 'sigma', '@/s');
    expect(code).toBe(1);
    expect(err).toMatch(/^s\/a\.yml:\d+:\d+: /);
  });

  it.each([
    [['convert'], 'expected what to convert; known: neuvector, sigma'],
    [['convert', 'sgima', 'x'], '"sgima" is nothing that can be converted; did you mean "sigma"?'],
    [['convert', 'sigma'], 'expected files with the rules'],
    [['convert', 'sigma', '@/none'], '"none" does not exist'],
    [['convert', 'sigma', '@/'], 'there are no files *.yml or *.yaml'],
  ])('says how %j is meant', async (args, message) => {
    const { code, err } = await (await workspaces.open()).tocsin(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});
