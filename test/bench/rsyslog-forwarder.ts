import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Forwarder {
  pid: number;
  stop(): Promise<void>;
}

/**
 * A real rsyslogd that reads a topic (imkafka) and writes its records to a TCP port (omfwd), in octet-counted messages of
 * RFC 5424: what one would use instead of us, set up for speed. Its queue is small beside the topic, so that what arrives
 * was read at that speed, too.
 */
export async function rsyslogForwarder(brokers: string, topic: string, group: string, port: number): Promise<Forwarder> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-rsyslog-'));
  const file = join(directory, 'rsyslog.conf');
  await writeFile(file, configuration(directory, brokers, topic, group, port));
  const child = spawn('rsyslogd', ['-n', '-f', file, '-i', join(directory, 'pid')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  });
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  return {
    pid: child.pid ?? 0,
    async stop() {
      process.removeListener('exit', end);
      await ended(child);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

function configuration(directory: string, brokers: string, topic: string, group: string, port: number): string {
  const earliest = 'confParam=["auto.offset.reset=earliest"]';
  return `global(workDirectory="${directory}" maxMessageSize="256k")
module(load="imkafka")
ruleset(name="forward" queue.type="FixedArray" queue.size="20000" queue.dequeueBatchSize="2048") {
  action(type="omfwd" target="127.0.0.1" port="${port}" protocol="tcp" TCP_Framing="octet-counted"
    template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1")
}
input(type="imkafka" topic="${topic}" broker=["${brokers}"] consumergroup="${group}" ruleset="forward" ${earliest})
`;
}
