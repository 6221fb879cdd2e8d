import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSecret } from './secret.js';

describe('resolveSecret', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'secret-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('reads a file without its last line end only', async () => {
    const file = join(directory, 'token');
    await writeFile(file, ' s3cret \n\r\n');
    expect(await resolveSecret({ file })).toBe(' s3cret \n');
  });

  it('reads the environment', async () => {
    expect(await resolveSecret({ env: 'TOKEN' }, { TOKEN: 's3cret' })).toBe('s3cret');
  });

  it('names the reference when there is nothing behind it', async () => {
    const file = join(directory, 'empty');
    await writeFile(file, '\n');
    await expect(resolveSecret({ file })).rejects.toThrow(`The secret file ${file} is empty.`);
    await expect(resolveSecret({ file: join(directory, 'absent') })).rejects.toThrow('cannot be read (ENOENT)');
    await expect(resolveSecret({ env: 'TOKEN' }, {})).rejects.toThrow('The environment variable TOKEN is not set');
  });
});
