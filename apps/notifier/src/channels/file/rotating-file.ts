import { open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

export interface Rotation {
  path: string;
  maxBytes: number;
  maxAge: number;
  keep: number;
}

/**
 * A file that one process at a time appends to. What `append` has resolved for is on the disk. Files that are full are named
 * `<path>.<time>`, and the oldest of them are deleted. Calls MUST NOT overlap.
 */
export class RotatingFile {
  readonly #options: Rotation;
  readonly #now: () => number;
  #open: { handle: FileHandle; size: number; begunAt: number } | undefined;

  constructor(options: Rotation, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Rejects, with nothing counted as written, when the disk does not take it; what was half written is cut off again. */
  async append(lines: readonly string[]): Promise<void> {
    const bytes = Buffer.from(lines.join(''));
    const file = await this.#ready(bytes.length);
    try {
      await file.handle.appendFile(bytes);
      await file.handle.datasync();
      file.size += bytes.length;
    } catch (error) {
      await file.handle.truncate(file.size).catch(() => undefined);
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#open;
    this.#open = undefined;
    if (file === undefined) return;
    await file.handle.close();
    await rm(this.#lock, { force: true });
  }

  get #lock(): string {
    return `${this.#options.path}.lock`;
  }

  async #ready(bytes: number): Promise<{ handle: FileHandle; size: number }> {
    const { maxBytes, maxAge } = this.#options;
    const file = (this.#open ??= await this.#begin());
    const full = file.size + bytes > maxBytes || this.#now() - file.begunAt >= maxAge;
    if (!full || file.size === 0) return file;
    await this.#rotate();
    return (this.#open = await this.#begin());
  }

  async #begin(): Promise<{ handle: FileHandle; size: number; begunAt: number }> {
    await this.#takeLock();
    try {
      const handle = await open(this.#options.path, 'a+');
      const size = await cutTornLine(handle);
      // A file that is there was begun when it was made, as far as the file system knows.
      const { birthtimeMs } = await handle.stat();
      return { handle, size, begunAt: size === 0 || birthtimeMs === 0 ? this.#now() : birthtimeMs };
    } catch (error) {
      await rm(this.#lock, { force: true });
      throw error;
    }
  }

  /** Two processes that rotate the same file would lose lines. The lock of one that died on this host does not count. */
  async #takeLock(): Promise<void> {
    const mine = `${hostname()} ${process.pid} ${performance.timeOrigin}\n`;
    try {
      const handle = await open(this.#lock, 'wx');
      await handle.writeFile(mine);
      await handle.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const [host, pid, begun] = (await readFile(this.#lock, 'utf8').catch(() => '')).trim().split(' ');
      // In a container each process has the number of the one before it.
      const gone = Number(pid) === process.pid ? Number(begun) !== performance.timeOrigin : !isAlive(Number(pid));
      if (host === hostname() && gone) {
        await rm(this.#lock, { force: true });
        return this.#takeLock();
      }
      throw new Error(
        `is written by another subscription or process (${host ?? '?'}, ${pid ?? '?'}); give each its own file, or delete ${basename(this.#lock)} if that one is gone`,
        { cause: error },
      );
    }
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#options;
    await this.#open?.handle.close();
    this.#open = undefined;
    const stamp = new Date(this.#now()).toISOString().replaceAll(/[:.]/g, '-');
    let target = `${path}.${stamp}`;
    for (let again = 1; await exists(target); again++) target = `${path}.${stamp}-${again}`;
    await rename(path, target);
    await rm(this.#lock, { force: true });
    const prefix = `${basename(path)}.`;
    const old = (await readdir(dirname(path))).filter((name) => name.startsWith(prefix) && /^\d{4}-/.test(name.slice(prefix.length))).toSorted();
    for (const name of old.slice(0, Math.max(0, old.length - keep))) await rm(join(dirname(path), name), { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

const LOOK_BACK_BYTES = 64 * 1024;

/** A line without an end was never counted as delivered, and comes again. Resolves to the size that is left. */
async function cutTornLine(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  for (let end = size; end > 0;) {
    const length = Math.min(LOOK_BACK_BYTES, end);
    const buffer = Buffer.alloc(length);
    await handle.read(buffer, 0, length, end - length);
    const last = buffer.lastIndexOf(0x0a);
    if (last >= 0) {
      const whole = end - length + last + 1;
      if (whole < size) await handle.truncate(whole);
      return whole;
    }
    end -= length;
  }
  if (size > 0) await handle.truncate(0);
  return 0;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
