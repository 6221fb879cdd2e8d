import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../child-process.js';
import type { Certificates } from '../receivers/certificates.js';
import { configuration, SOURCES, type Source } from './configuration.js';
import { syslogNgRoot } from './root.js';

/** A message as syslog-ng understood it. */
export interface SyslogNgMessage {
  /** What came, without framing. */
  rawmsg: string;
  source: Source;
  facility: string;
  priority: string;
  isodate: string;
  host: string;
  program: string;
  pid?: string;
  msgid?: string;
  sdata?: string;
  message: string;
  /** The header's fields and the attributes of LEEF, read by syslog-ng's own parsers; nonsense where it is not LEEF. */
  leef?: Record<string, string>;
}

export interface SyslogNg {
  /** `octets`: octet counting. `lines`: newlines. Both TLS when certificates were given. `legacy`: RFC 3164 in lines. */
  ports: Record<Source, number>;
  messages(): Promise<SyslogNgMessage[]>;
  /** Resolves with the messages when there are so many. */
  until(count: number): Promise<SyslogNgMessage[]>;
  close(): Promise<void>;
}

const POLL_MS = 20;
const START_MS = 45_000;

/** A real syslog-ng of our own on loopback that writes what it receives to a file. */
export async function startSyslogNg(tls?: Certificates): Promise<SyslogNg> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-syslog-ng-'));
  const found = await freePorts(SOURCES.length);
  const ports = Object.fromEntries(SOURCES.map((source, index) => [source, found[index]])) as Record<Source, number>;
  const output = join(directory, 'messages.json');
  const configFile = join(directory, 'syslog-ng.conf');
  await writeFile(configFile, configuration({ output, ports, tls }));
  const running = await spawnSyslogNg(directory, configFile);
  const messages = async (): Promise<SyslogNgMessage[]> => {
    const text = await readFile(output, 'utf8').catch(() => '');
    // The last line may not be written to its end yet.
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as SyslogNgMessage);
  };
  return {
    ports,
    messages,
    async until(count) {
      for (;;) {
        const now = await messages();
        if (now.length >= count) return now;
        await delay(POLL_MS);
      }
    },
    async close() {
      if (running.exitCode === null) {
        running.kill('SIGKILL');
        await once(running, 'exit');
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Resolves when it says that it has started: its sources listen then. */
async function spawnSyslogNg(directory: string, configFile: string): Promise<ChildProcess> {
  const root = syslogNgRoot() ?? '/';
  const at = (name: string): string => join(directory, name);
  const [modules = ''] = globSync(join(root, 'usr/lib/syslog-ng/*.*/'));
  const files = ['-f', configFile, '-R', at('persist'), '-c', at('control'), '-p', at('pid')];
  let said = '';
  const child = spawn(join(root, 'usr/sbin/syslog-ng'), ['-F', '-e', '--no-caps', `--module-path=${modules}`, ...files], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LD_LIBRARY_PATH: join(root, 'usr/lib/syslog-ng') },
  });
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // A run that is broken off leaves no daemon behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  for (const deadline = Date.now() + START_MS; ; await delay(POLL_MS)) {
    if (said.includes('starting up')) return child;
    if (child.exitCode === null && Date.now() < deadline) continue;
    end();
    throw new Error(`syslog-ng did not start (exit code ${child.exitCode}):\n${said}`);
  }
}
