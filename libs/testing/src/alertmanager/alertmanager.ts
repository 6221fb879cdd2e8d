import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../programs.js';
import { freePort } from '../receivers/free-port.js';

/** An alert as Alertmanager shows it, https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml. */
export interface ShownAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
  fingerprint: string;
  status: { state: string };
}

export interface Alertmanager {
  url: string;
  /** Those that have not ended. */
  alerts(): Promise<ShownAlert[]>;
  /** Resolves with the alerts when they are as wanted. */
  until(condition: (alerts: readonly ShownAlert[]) => boolean): Promise<ShownAlert[]>;
  close(): Promise<void>;
}

const POLL_MS = 50;
const START_MS = 30_000;

/** A real Alertmanager on loopback that groups by `alertname` and tells `webhook` of each group, also when it is resolved. */
export async function startAlertmanager(webhook: string): Promise<Alertmanager> {
  const binary = findProgram('alertmanager');
  if (binary === undefined) throw new Error('Alertmanager is not installed.');
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-alertmanager-'));
  const config = {
    route: { receiver: 'test', group_by: ['alertname'], group_wait: '100ms', group_interval: '200ms', repeat_interval: '1h' },
    receivers: [{ name: 'test', webhook_configs: [{ url: webhook, send_resolved: true }] }],
  };
  await writeFile(join(directory, 'alertmanager.yml'), JSON.stringify(config));
  const port = await freePort();
  const args = [
    `--config.file=${join(directory, 'alertmanager.yml')}`,
    `--storage.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  let said = '';
  const child = spawn(binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const url = `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    end();
    await gone;
    process.removeListener('exit', end);
    await rm(directory, { recursive: true, force: true });
  };
  for (const deadline = Date.now() + START_MS; ; await delay(POLL_MS)) {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (ready?.ok === true) break;
    if (child.exitCode === null && Date.now() < deadline) continue;
    await close();
    throw new Error(`Alertmanager did not start:\n${said}`);
  }
  const alerts = async (): Promise<ShownAlert[]> => (await fetch(`${url}/api/v2/alerts`)).json() as Promise<ShownAlert[]>;
  return {
    url,
    alerts,
    async until(condition) {
      for (;;) {
        const found = await alerts();
        if (condition(found)) return found;
        await delay(POLL_MS);
      }
    },
    close,
  };
}
