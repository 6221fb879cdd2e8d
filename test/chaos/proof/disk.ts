import { execFile } from 'node:child_process';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A small file system in memory that can be filled; undefined where this process may not mount one. */
export interface SmallDisk {
  directory: string;
  /** Takes all the room that is left; the function that is given frees it. */
  fill(): Promise<() => Promise<void>>;
  unmount(): Promise<void>;
}

export async function smallDisk(directory: string, megabytes: number): Promise<SmallDisk | undefined> {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', directory]);
  } catch {
    return undefined;
  }
  const filler = join(directory, 'filler');
  return {
    directory,
    async fill() {
      const file = await open(filler, 'w');
      const { bavail, bsize } = await statfs(directory);
      const chunk = Buffer.alloc(bsize);
      try {
        for (let left = bavail; left > 0; left -= 1) await file.write(chunk);
      } catch (error) {
        // The others wrote meanwhile: it is full all the same.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
      return () => rm(filler);
    },
    async unmount() {
      // Lazily: a process that has just ended may still be on its way out.
      await run('umount', ['--lazy', directory]);
    },
  };
}
