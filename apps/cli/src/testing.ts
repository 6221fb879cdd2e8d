import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach } from '@jest/globals';
import { run } from './run.js';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/** A directory for each test, in which `tocsin` finds the files that the test wrote. */
export interface Workspace {
  path(name: string): string;
  write(name: string, text: string): Promise<string>;
  /** Runs the command; arguments that begin with `@/` are files of the workspace, and so they are in what it prints. */
  tocsin(...args: string[]): Promise<Ran>;
}

export function useWorkspace(): { open(input?: string): Promise<Workspace> } {
  const directories: string[] = [];
  afterEach(async () => {
    for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
  });
  return {
    async open(input = '') {
      const directory = await mkdtemp(join(tmpdir(), 'tocsin-cli-'));
      directories.push(directory);
      const path = (name: string): string => join(directory, name);
      return {
        path,
        async write(name, text) {
          await mkdir(dirname(path(name)), { recursive: true });
          await writeFile(path(name), text);
          return path(name);
        },
        async tocsin(...args) {
          let [out, err] = ['', ''];
          const given = args.map((arg) => (arg.startsWith('@/') ? path(arg.slice(2)) : arg));
          const code = await run(given, {
            out: (text) => void (out += text.toString()),
            err: (text) => void (err += text),
            input: async () => Buffer.from(input),
            interrupted: () => new AbortController().signal,
          });
          // Files are named as they are seen from here, wherever the repository lies.
          const shown = (text: string): string => text.replaceAll(`${relative('', directory)}/`, '').replaceAll(`${directory}/`, '');
          return { code, out: shown(out), err: shown(err) };
        },
      };
    },
  };
}

/** A rule of three or more bash in a minute, with what is given laid into its spec. */
export function burst(tests = '', more = ''): string {
  return `apiVersion: tocsin.dev/v1
kind: CorrelationRule
metadata: { name: burst }
spec:
  title: Burst of shells
  kind: event_count
  severity: medium
  filter: violation.process.name in ["bash", "sh"]
  groupBy: [cluster, workload.name]
  timespan: 1m
  condition: { gte: 3 }
${more}${tests === '' ? '' : `  tests:\n${tests}`}`;
}
