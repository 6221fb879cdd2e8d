import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The authority whose certificates the API server takes for what they say of a user; PEM. */
export interface ClientAuthority {
  cert: string;
  key: string;
}

const NEW = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-utf8', '-days', '2'];

export function makeClientAuthority(): Promise<ClientAuthority> {
  return inDirectory(async (directory) => {
    await openssl(directory, [...NEW, '-keyout', 'key', '-out', 'cert', '-subj', '/CN=clients of tests']);
    return read(directory);
  });
}

/**
 * A certificate of a user in groups, which need not exist anywhere else:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
 */
export function signClient(authority: ClientAuthority, user: string, groups: readonly string[]): Promise<ClientAuthority> {
  return inDirectory(async (directory) => {
    await writeFile(join(directory, 'ca.pem'), authority.cert);
    await writeFile(join(directory, 'ca.key'), authority.key);
    const subject = [...groups.map((group) => `/O=${escape(group)}`), `/CN=${escape(user)}`].join('');
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'extendedKeyUsage=clientAuth'];
    await openssl(directory, [...NEW, ...signing, '-keyout', 'key', '-out', 'cert', '-subj', subject]);
    return read(directory);
  });
}

/** Of the characters that separate the parts of a subject. */
function escape(name: string): string {
  return name.replace(/[\\/+=]/g, String.raw`\$&`);
}

async function inDirectory<T>(what: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-clients-'));
  try {
    return await what(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function openssl(directory: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('openssl', args, { cwd: directory });
}

async function read(directory: string): Promise<ClientAuthority> {
  const [cert, key] = await Promise.all([readFile(join(directory, 'cert'), 'utf8'), readFile(join(directory, 'key'), 'utf8')]);
  return { cert, key };
}
