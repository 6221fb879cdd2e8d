import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Certificates } from '../receivers/certificates.js';
import { freePort } from '../receivers/free-port.js';

/** A message as rsyslog understood it. */
export interface RsyslogMessage {
  /** The bytes that came, without framing. */
  rawmsg: string;
  pri: string;
  timereported: string;
  hostname: string;
  'app-name': string;
  msgid: string;
  'structured-data': string;
  msg: string;
  /** What liblognorm's parser of CEF made of the message; something else where it is not CEF. */
  cef: { f?: RsyslogCef };
}

export interface RsyslogCef {
  DeviceVendor: string;
  DeviceProduct: string;
  DeviceVersion: string;
  SignatureID: string;
  Name: string;
  Severity: string;
  Extensions: Record<string, string>;
}

export interface Rsyslog {
  udpPort: number;
  /** TLS when certificates were given. */
  tcpPort: number;
  messages(): Promise<RsyslogMessage[]>;
  /** Resolves with the messages when there are so many. */
  until(count: number): Promise<RsyslogMessage[]>;
  /** As a crash: it reads nothing more and says no good-bye. */
  kill(): Promise<void>;
  /** After `kill`, on the same ports and the same file. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const POLL_MS = 20;
const START_MS = 45_000;
const PROPERTIES: readonly Exclude<keyof RsyslogMessage, 'cef'>[] = [
  'rawmsg',
  'pri',
  'timereported',
  'hostname',
  'app-name',
  'msgid',
  'structured-data',
  'msg',
];

/** A real rsyslogd of our own on loopback, without the system's configuration, that writes what it receives to a file. */
export async function startRsyslog(tls?: Certificates): Promise<Rsyslog> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-rsyslog-'));
  const [udpPort, tcpPort] = [await freePort(), await freePort()];
  const output = join(directory, 'messages.json');
  const configFile = join(directory, 'rsyslog.conf');
  await writeFile(configFile, configuration({ directory, output, udpPort, tcpPort, tls }));
  let process: ChildProcess | undefined;

  const messages = async (): Promise<RsyslogMessage[]> => {
    const text = await readFile(output, 'utf8').catch(() => '');
    // The last line may not be written to its end yet.
    const lines = text.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as RsyslogMessage);
  };
  const start = async (): Promise<void> => {
    process = await spawnRsyslogd(directory, configFile);
  };
  const kill = async (): Promise<void> => {
    const running = process;
    process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
    await rm(join(directory, 'pid'), { force: true });
    await cutTornLine(output);
  };
  await start();
  return {
    udpPort,
    tcpPort,
    messages,
    async until(count) {
      for (;;) {
        const found = await messages();
        if (found.length >= count) return found;
        await delay(POLL_MS);
      }
    },
    kill,
    start,
    async close() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A daemon that was killed while it wrote leaves half a line, to which the next one would be joined. */
async function cutTornLine(file: string): Promise<void> {
  const content = await readFile(file).catch(() => undefined);
  if (content !== undefined) await truncate(file, content.lastIndexOf(0x0a) + 1);
}

/** Resolves when it has written its pid, which it does when its inputs listen. */
async function spawnRsyslogd(directory: string, configFile: string): Promise<ChildProcess> {
  const pidFile = join(directory, 'pid');
  let said = '';
  const child = spawn('rsyslogd', ['-n', '-f', configFile, '-i', pidFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // A run that is broken off leaves no daemon behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  for (const deadline = Date.now() + START_MS; ; await delay(POLL_MS)) {
    if (await readFile(pidFile, 'utf8').catch(() => '')) return child;
    if (child.exitCode === null && Date.now() < deadline) continue;
    end();
    throw new Error(`rsyslogd did not start (exit code ${child.exitCode}):\n${said}`);
  }
}

interface ConfigurationOptions {
  directory: string;
  output: string;
  udpPort: number;
  tcpPort: number;
  tls: Certificates | undefined;
}

function configuration({ directory, output, udpPort, tcpPort, tls }: ConfigurationOptions): string {
  const netstream =
    tls === undefined
      ? ''
      : `defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="${tls.caFile}" defaultNetstreamDriverCertFile="${tls.certFile}" defaultNetstreamDriverKeyFile="${tls.keyFile}"`;
  const driver = tls === undefined ? '' : 'streamDriver.name="ossl" streamDriver.mode="1" streamDriver.authMode="x509/certvalid"';
  const properties = PROPERTIES.map((name) => `  property(outname="${name}" name="${name}" format="jsonf")`).join('\n  constant(value=",")\n');
  return `global(workDirectory="${directory}" maxMessageSize="256k" parser.escapeControlCharactersOnReceive="off" ${netstream})
module(load="mmnormalize")
module(load="imudp")
module(load="imtcp" ${driver})
template(name="received" type="list") {
  constant(value="{")
${properties}
  constant(value=",\\"cef\\":")
  property(name="$!")
  constant(value="}\\n")
}
ruleset(name="received") {
  action(type="mmnormalize" rule=["rule=:%f:cef%"])
  action(type="omfile" file="${output}" template="received")
}
input(type="imudp" address="127.0.0.1" port="${udpPort}" ruleset="received")
input(type="imtcp" address="127.0.0.1" port="${tcpPort}" ruleset="received")
`;
}
