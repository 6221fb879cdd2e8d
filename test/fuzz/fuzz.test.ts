// A short run of `npm run fuzz` over everything, and a fuzzer that is shown to find.
import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fuzz } from './fuzz.ts';
import { seeded } from '../chaos/random.ts';

const RUN = new URL('run.ts', import.meta.url).pathname;
const INPUTS = 1_500;

describe('fuzzing', () => {
  it('finds nothing in what reads strangers’ bytes', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--disable-warning=TimeoutNegativeWarning', RUN, '--inputs', String(INPUTS)], {
      env: { PATH: process.env['PATH'] ?? '' },
    }).catch((error: { stdout: string; message: string }) => {
      throw new Error(`${error.message}\n${error.stdout}`);
    });
    expect(stdout.trim().split('\n')).toHaveLength(10);
    expect(stdout).not.toContain('FOUND');
  }, 600_000);

  const target = (run: (input: Buffer) => void) => ({
    target: { name: 'x', seeds: [Buffer.from('{"name":"shell","pid":7}')], words: ['name'], run },
    inputs: 5_000,
    random: seeded(1),
    prefix: 'file:///nowhere/',
    corpus: [],
  });

  it('finds what throws, and gives the input', async () => {
    const { finding } = await fuzz(
      target((input) => {
        if (input.includes('__proto__')) throw new TypeError('a mistake of ours');
      }),
    );
    expect(finding?.error.message).toBe('a mistake of ours');
    expect(finding?.input.includes('__proto__')).toBe(true);
  }, 60_000);

  it('finds what changes a prototype', async () => {
    const { finding } = await fuzz(
      target((input) => {
        if (input.includes('constructor')) Object.defineProperty(Object.prototype, 'polluted', { value: 1, configurable: true });
      }),
    );
    Reflect.deleteProperty(Object.prototype, 'polluted');
    expect(finding?.error.message).toBe('It changed a built-in prototype.');
  }, 60_000);
});
