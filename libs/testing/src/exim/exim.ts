import { spawn } from 'node:child_process';
import { chmod, chown, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../programs.js';
import type { Certificates } from '../receivers/certificates.js';
import { freePort } from '../receivers/free-port.js';

export interface Exim {
  port: number;
  /** Mails as they were delivered, with their headers, in no order. */
  mails(): Promise<string[]>;
  /** Resolves with the mails when there are so many. */
  until(count: number): Promise<string[]>;
  close(): Promise<void>;
}

export interface EximOptions {
  /** STARTTLS is offered, and no mail is taken without it. */
  tls?: Certificates;
  /** Mail is taken only of who logs in as this. */
  login?: { username: string; password: string };
  /** Recipients that do not exist. */
  unknown?: string;
  /** Largest mail, in bytes. */
  maxBytes?: number;
}

const POLL_MS = 50;
const START_MS = 30_000;
/** Debian's user `mail`: Exim refuses to deliver as root. */
const UNPRIVILEGED = 8;

/** A real SMTP server on loopback: Exim, which writes each mail that it takes into a file of its own. */
export async function startExim(options: EximOptions = {}): Promise<Exim> {
  const binary = findProgram('exim');
  if (binary === undefined) throw new Error('Exim is not installed.');
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-exim-'));
  const [spool, box] = [join(directory, 'spool'), join(directory, 'box')];
  for (const path of [spool, box]) await mkdir(path);
  const port = await freePort();
  const config = join(directory, 'exim.conf');
  await writeFile(config, configuration({ binary, directory, port }, options));
  const files: string[] = [];
  if (options.tls !== undefined) {
    files.push(join(directory, 'server.pem'), join(directory, 'server.key'));
    await copyFile(options.tls.certFile, join(directory, 'server.pem'));
    await copyFile(options.tls.keyFile, join(directory, 'server.key'));
  }
  if (process.getuid?.() === 0) {
    // Exim gives up root, and reads no configuration that others may write.
    for (const path of [directory, spool, box, ...files]) await chown(path, UNPRIVILEGED, UNPRIVILEGED);
    await chmod(directory, 0o755);
  }
  let said = '';
  // In the foreground, and in a group of its own: it forks for each connection, and its children are to go with it.
  const child = spawn(binary, ['-bdf', '-q10s', '-oX', String(port), '-C', config], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const end = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // It is gone.
    }
  };
  process.once('exit', end);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const close = async (): Promise<void> => {
    end();
    await gone;
    process.removeListener('exit', end);
    await rm(directory, { recursive: true, force: true });
  };
  for (const deadline = Date.now() + START_MS; !(await listens(port)); await delay(POLL_MS)) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await close();
    throw new Error(`Exim did not start:\n${said}`);
  }
  const mails = async (): Promise<string[]> => {
    const names = (await readdir(box)).filter((name) => !name.startsWith('temp') && !name.endsWith('.lock'));
    return Promise.all(names.map((name) => readFile(join(box, name), 'utf8')));
  };
  return {
    port,
    mails,
    async until(count) {
      for (;;) {
        const found = await mails();
        if (found.length >= count) return found;
        await delay(POLL_MS);
      }
    },
    close,
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    // It greets before it listens to anybody.
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('end', () => resolve(false));
  });
}

function configuration(
  { binary, directory, port }: { binary: string; directory: string; port: number },
  { tls, login, unknown, maxBytes = 1_000_000 }: EximOptions,
): string {
  return `
# It starts itself anew to deliver.
exim_path = ${binary}
spool_directory = ${directory}/spool
log_file_path = ${directory}/%slog
pid_file_path = ${directory}/pid
primary_hostname = test.example
exim_user = ${UNPRIVILEGED}
exim_group = ${UNPRIVILEGED}
never_users =
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port}
message_size_limit = ${maxBytes}
host_lookup =
rfc1413_hosts =
smtp_accept_max = 50
smtp_accept_max_per_host = 50
queue_only_load = 1000
deliver_queue_load_max = 1000
keep_environment =
${tls === undefined ? 'tls_advertise_hosts =' : `tls_advertise_hosts = *\ntls_certificate = ${directory}/server.pem\ntls_privatekey = ${directory}/server.key`}
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
rcpt:
${tls === undefined ? '' : '  deny !encrypted = *\n'}${login === undefined ? '' : '  deny !authenticated = *\n'}${unknown === undefined ? '' : `  deny message = no such user\n       recipients = ${unknown}\n`}  accept

begin routers
all:
  driver = accept
  transport = files

begin transports
files:
  driver = appendfile
  directory = ${directory}/box
  create_directory = false
  user = ${UNPRIVILEGED}
  group = ${UNPRIVILEGED}
  mode = 0644

begin retry
* * F,1h,1m

begin authenticators
${
  login === undefined
    ? ''
    : `plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and {{eq{$auth2}{${login.username}}}{eq{$auth3}{${login.password}}}}}
  server_set_id = $auth2
`
}`;
}
