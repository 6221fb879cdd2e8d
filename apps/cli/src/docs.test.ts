import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useWorkspace } from './testing.js';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');
const read = (page: string): string => readFileSync(join(docs, page), 'utf8');

/** The contents of blocks between fences. */
function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => match[1] ?? '');
}

const files = blocks('testing-policies.md', 'yaml').flatMap((text) => {
  const name = /^# (policies\/\S+)\n/.exec(text)?.[1];
  return name === undefined ? [] : [{ name, text }];
});

describe('docs/testing-policies.md', () => {
  const workspaces = useWorkspace();
  const [passing, failing] = blocks('testing-policies.md', 'console').map((text) => text.slice(text.indexOf('\n') + 1));

  async function withFiles(names: (name: string) => boolean) {
    const workspace = await workspaces.open();
    for (const { name, text } of files.filter((file) => names(file.name))) await workspace.write(name, text);
    return workspace;
  }

  it('has tests that pass as it says', async () => {
    const workspace = await withFiles((name) => name === 'policies/shells.yaml');
    expect((await workspace.tocsin('test', '@/policies')).out).toBe(passing);
  });

  it('has scenarios and events of sensors that do as they say', async () => {
    const workspace = await withFiles((name) => name !== 'policies/wrong.yaml');
    expect((await workspace.tocsin('test', '@/policies')).out).toBe('5 passed, 0 failed.\n');
  });

  it('shows a failure as it is told', async () => {
    const workspace = await withFiles((name) => name === 'policies/wrong.yaml');
    expect((await workspace.tocsin('test', '@/policies/wrong.yaml')).out).toBe(failing);
  });

  it('has lines of events that are valid', async () => {
    const lines = blocks('testing-policies.md', '')
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('- {'));
    expect(lines).toHaveLength(3);
    const tests = `    - name: x\n      events:\n${lines.map((line) => `        ${line}\n`).join('')}      expect: { incidents: [] }\n`;
    const workspace = await withFiles(() => false);
    const [shells] = files;
    await workspace.write('p/a.yaml', `${shells?.text.replace(/ {2}tests:[^]*/, '  tests:\n') ?? ''}${tests}`);
    expect(await workspace.tocsin('check', '@/p')).toMatchObject({ code: 0, err: '' });
  });
});

describe('docs/policies.md', () => {
  const workspaces = useWorkspace();

  it('has tests that pass', async () => {
    const workspace = await workspaces.open();
    const documents = blocks('policies.md', 'yaml').filter((text) => /^kind: (CorrelationRule|Scenario)$/m.test(text));
    await workspace.write('p/all.yaml', documents.join('---\n'));
    expect(await workspace.tocsin('test', '@/p')).toMatchObject({ code: 0, out: expect.stringMatching(/^[1-9]\d* passed, 0 failed\.\n$/) });
  });
});

describe('docs/cli.md', () => {
  const workspaces = useWorkspace();
  const page = read('cli.md');

  it.each(['check', 'test', 'explain', 'convert'])('has every option of %s', async (name) => {
    const { out } = await (await workspaces.open()).tocsin(name, '--help');
    const section = page.split(/^## /m).find((part) => part.startsWith(name)) ?? '';
    const options = [...out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map((match) => match[1] ?? '');
    expect(options.length).toBeGreaterThan(1);
    for (const option of options) expect(section).toContain(option === '--output' ? '-o' : option);
  });

  it('has every command', async () => {
    const { out } = await (await workspaces.open()).tocsin('--help');
    const names = [...out.matchAll(/^ {2}([a-z-]+) {2}/gm)].map((match) => match[1] ?? '');
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) expect(page).toMatch(new RegExp(`\\btocsin ${name}\\b|\`${name}\``));
  });

  it('calls commands as they are to be called', async () => {
    const calls = blocks('cli.md', 'sh').flatMap((block) => [...block.matchAll(/npx tocsin ([a-z-]+)([^\n]*)/g)]);
    for (const [, name = '', rest = ''] of calls) {
      const { out } = await (await workspaces.open()).tocsin(name, '--help');
      for (const [option] of rest.replace(/#.*|\|.*/, '').matchAll(/--[a-z-]+/g))
        expect({ name, out }).toEqual({ name, out: expect.stringContaining(option) });
    }
  });

  it('shows an explanation as it is', async () => {
    const alert = {
      rule: 'Netcat started',
      priority: 'Notice',
      output: 'nc -e /bin/sh',
      time: '2026-03-01T10:00:00Z',
      output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-6d5f7c9b8d-x2lqp' },
    };
    const workspace = await workspaces.open(JSON.stringify(alert));
    await workspace.write('p/none.yaml', '');
    const { out } = await workspace.tocsin('explain', 'reverse-shell', '-', '--source', 'falco', '--policy', '@/p');
    const shown = blocks('cli.md', 'console').find((text) => text.includes('tocsin explain')) ?? '';
    // Lines move in the pack without anybody looking here.
    const place = /execution\.yaml:\d+/;
    expect(out.replace(place, '')).toBe(shown.slice(shown.indexOf('\n') + 1).replace(place, ''));
  });
});
