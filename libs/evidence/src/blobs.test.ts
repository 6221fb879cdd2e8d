import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeS3 } from '@tocsin/testing';
import type { Blobs } from './blobs.js';
import { evidenceConfig } from './config.js';
import { directoryBlobs } from './directory.js';
import { s3Blobs } from './s3.js';

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const bytes = Buffer.from('what was collected');
const key = `0b7e6d5c-4a3f-5e2d-9c1b-8a7f6e5d4c3b/${sha256Of(bytes)}`;
const options = { sha256: sha256Of(bytes), retainUntil: '2026-12-13T14:04:00.000Z' };

/** What any place for bytes keeps. */
function suite(name: string, open: () => Promise<{ blobs: Blobs; close(): Promise<void> }>): void {
  describe(name, () => {
    let blobs: Blobs;
    let close: () => Promise<void>;
    beforeEach(async () => void ({ blobs, close } = await open()));
    afterEach(() => close());

    it('gives back what was put, byte for byte', async () => {
      await blobs.put(key, bytes, options);
      expect((await blobs.get(key)).equals(bytes)).toBe(true);
    });

    it('keeps what is there when it is put again', async () => {
      await blobs.put(key, bytes, options);
      await blobs.put(key, bytes, options);
      expect((await blobs.get(key)).equals(bytes)).toBe(true);
    });

    it('keeps nothing at all, and much', async () => {
      for (const content of [Buffer.alloc(0), Buffer.alloc(7_000_000, 7)]) {
        const large = `0b7e6d5c-4a3f-5e2d-9c1b-8a7f6e5d4c3b/${sha256Of(content)}`;
        await blobs.put(large, content, { ...options, sha256: sha256Of(content) });
        expect((await blobs.get(large)).equals(content)).toBe(true);
      }
    });

    it('deletes, also what is not there', async () => {
      await blobs.put(key, bytes, options);
      await blobs.delete(key);
      await blobs.delete(key);
      await expect(blobs.get(key)).rejects.toThrow();
    });
  });
}

suite('a directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'));
  return { blobs: directoryBlobs(directory), close: () => rm(directory, { recursive: true }) };
});

describe('a directory', () => {
  it('is readable by its owner alone, holds no half files, and no key leads out of it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'blobs-'));
    const blobs = directoryBlobs(directory);
    await blobs.put(key, bytes, options);
    const folder = join(directory, key.split('/')[0] ?? '');
    expect(await readdir(folder)).toHaveLength(1);
    expect((await stat(join(directory, key))).mode & 0o777).toBe(0o600);
    for (const nasty of ['../x', '/etc/passwd', `${key}/../../x`, 'a/b', key.toUpperCase()]) {
      await expect(blobs.put(nasty, bytes, options)).rejects.toThrow('is no key of evidence');
    }
    await writeFile(join(directory, key), 'another');
    await blobs.put(key, bytes, options);
    // What is there is never replaced; that it was changed is for the hash to tell.
    expect((await blobs.get(key)).toString()).toBe('another');
    await rm(directory, { recursive: true });
  });
});

let s3: FakeS3;
const s3Config = (parts: object = {}) =>
  evidenceConfig.parse({ type: 's3', bucket: 'evidence', endpoint: s3.url, pathStyle: true, ...parts }) as Parameters<typeof s3Blobs>[0];
const openS3 = async (parts: object = {}): Promise<{ blobs: Blobs; close(): Promise<void> }> => {
  process.env['AWS_ACCESS_KEY_ID'] = 'test';
  process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
  s3 = await FakeS3.start();
  return { blobs: s3Blobs(s3Config(parts)), close: () => s3.close() };
};

suite('S3', openS3);

describe('S3', () => {
  it('names the hash, so that the service refuses bytes that changed on the way, and never replaces', async () => {
    const { blobs, close } = await openS3({ objectLock: 'compliance' });
    await blobs.put(key, bytes, options);
    expect(s3.puts).toMatchObject([
      {
        path: `/evidence/tocsin/${key}`,
        checksum: createHash('sha256').update(bytes).digest('base64'),
        ifNoneMatch: '*',
        lockMode: 'COMPLIANCE',
        lockUntil: expect.stringContaining('2026-12-13'),
        signed: true,
      },
    ]);
    await close();
  });

  it('tries again when the service is busy', async () => {
    const { blobs, close } = await openS3();
    s3.busy = 2;
    await blobs.put(key, bytes, options);
    expect((await blobs.get(key)).equals(bytes)).toBe(true);
    await close();
  });

  it('gives no bytes that were damaged', async () => {
    const { blobs, close } = await openS3();
    await blobs.put(key, bytes, options);
    s3.damage = true;
    await expect(blobs.get(key)).rejects.toThrow(/checksum/i);
    await close();
  });
});
