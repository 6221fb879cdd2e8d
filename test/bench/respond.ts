import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeEvent, EventType, Topic } from '@tocsin/event-log';
import { startService, type RunningService } from '@tocsin/runtime/nest';
import { upsertIncidents } from '@tocsin/store';
import { buildIncident, makeDeployment, startApiServer, type KubeAdmin } from '@tocsin/testing';
import type * as Responder from '../../apps/responder/src/part.ts';
import { Service } from '../chaos/processes.ts';
import { quantile, type Put, type Row } from './report.ts';

const SINGLE = 40;
const STORM = Number(process.env['RESPOND_STORM'] ?? 10_000);
const STORM_PODS = 50;
const GIVE_UP_MS = 1_800_000;

/** From a sensor's event to the API server's answer, and what planning does in a storm; beside the API server alone. */
export async function respond(rounds: number): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const put: Put = (name, unit, value, against) => {
    const row = rows.get(name);
    if (row === undefined) rows.set(name, { name, unit, values: [value], ...(against === undefined ? {} : { against }) });
    else row.values.push(value);
    process.stderr.write(`  ${name}: ${value.toFixed(1)} ${unit}\n`);
  };
  const server = await startApiServer();
  try {
    for (let round = 1; round <= rounds; round++) {
      process.stderr.write(`round ${round}\n`);
      await toQuarantine(server.admin, put);
      await inStorm(server.admin, put);
    }
  } finally {
    await server.close();
  }
  return [...rows.values()];
}

const policy = (limits: string): string => `apiVersion: tocsin.dev/v1
kind: ResponsePolicy
metadata: { name: bench }
spec:
  match: { incidents: 'true' }
  mode: auto
  limits: { ${limits} }
  steps: [{ action: quarantine, with: { strategy: portable } }]
`;

async function prepare(admin: KubeAdmin, directory: string, limits: string): Promise<Record<string, string>> {
  const policies = join(directory, 'policies');
  await mkdir(policies);
  await writeFile(join(policies, 'policy.yaml'), policy(limits));
  await writeFile(join(directory, 'kubeconfig'), admin.kubeconfig());
  const responder = {
    clusters: [{ name: 'default', kubeconfig: join(directory, 'kubeconfig') }],
    limits: { maxActive: 100_000, maxStarted: 100_000 },
  };
  await writeFile(join(directory, 'tocsin.yaml'), JSON.stringify({ responder }));
  return { TOCSIN_DATA_DIR: join(directory, 'data'), TOCSIN_POLICY_DIR: policies, TOCSIN_CONFIG: join(directory, 'tocsin.yaml'), LOG_LEVEL: 'error' };
}

/** The whole road in one process: ingest, correlator, responder; one event at a time. */
async function toQuarantine(admin: KubeAdmin, put: Put): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  const namespace = await admin.namespace();
  // A workload each, so that each opens an incident; of one that is known, news may wait as long as `suppress` of its rule.
  for (let index = 0; index < SINGLE; index++) await makeDeployment(admin, namespace, `app${index}`, 2);
  const service = await Service.start('standalone', await prepare(admin, directory, 'maxActive: 100000'));
  try {
    const alone: number[] = [];
    const whole: number[] = [];
    for (let pod = 0; pod < SINGLE; pod++) {
      const path = `/api/v1/namespaces/${namespace}/pods/app${pod}-0`;
      let started = performance.now();
      await admin.patch(path, { metadata: { annotations: { bench: String(pod) } } });
      alone.push(performance.now() - started);
      started = performance.now();
      await post(service.url, namespace, `app${pod}-0`);
      while ((await admin.get(path)).metadata.labels?.['tocsin.dev/quarantine'] === undefined) await delay(2);
      whole.push(performance.now() - started);
    }
    put('the API server alone, one patch, p50', 'ms', quantile(alone, 0.5));
    put('accepted to quarantined, p50', 'ms', quantile(whole, 0.5), 'the API server alone, one patch, p50');
    put('accepted to quarantined, p99', 'ms', quantile(whole, 0.99));
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function post(url: string, namespace: string, pod: string): Promise<void> {
  const body = {
    rule: 'Netcat Remote Code Execution in Container',
    priority: 'Critical',
    output: `nc in ${pod}`,
    time: new Date().toISOString(),
    output_fields: { 'k8s.ns.name': namespace, 'k8s.pod.name': pod, 'container.id': pod, 'proc.name': 'nc' },
  };
  const response = await fetch(`${url}/v1/sources/falco`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.status !== 200) throw new Error(`Ingest answered ${response.status}: ${await response.text()}`);
}

/** Ten thousand incidents at once, about few pods, with a limit that most exceed: each is planned against the cluster, and decided. */
async function inStorm(admin: KubeAdmin, put: Put): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  const namespace = await admin.namespace();
  await makeDeployment(admin, namespace, 'web', STORM_PODS);
  const env = { PORT: '0', ...(await prepare(admin, directory, 'maxActive: 10')) };
  // From the build: Node does not run its source.
  const { responderPart } = (await import(new URL('../../apps/responder/dist/part.js', import.meta.url).href)) as typeof Responder;
  const service = await startService({ name: 'bench', version: '0', parts: [responderPart], standalone: true, env });
  try {
    const started = performance.now();
    await storm(service, namespace);
    const end = Date.now() + GIVE_UP_MS;
    for (;;) {
      const left = await service.runtime.store.db
        .selectFrom('actions')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('state', 'not in', ['planned', 'approved', 'running'])
        .executeTakeFirstOrThrow();
      if (Number(left.count) >= STORM) break;
      if (Date.now() > end) throw new Error(`${left.count} of ${STORM} actions were decided.`);
      await delay(50);
    }
    put(`storm of ${STORM.toLocaleString('en')} incidents, planned and decided`, '/s', STORM / ((performance.now() - started) / 1000));
    const { standing } = await service.runtime.store.db
      .selectFrom('actions')
      .select((eb) => eb.fn.countAll<number>().as('standing'))
      .where('holds', '=', 1)
      .executeTakeFirstOrThrow();
    if (Number(standing) > 10) throw new Error(`${standing} actions stand; the limit is 10.`);
  } finally {
    await service.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function storm({ runtime }: RunningService, namespace: string): Promise<void> {
  const time = new Date().toISOString();
  for (let start = 0; start < STORM; start += 500) {
    const incidents = Array.from({ length: 500 }, (_, index) =>
      buildIncident({
        id: randomUUID(),
        cluster: 'default',
        updated_at: time,
        entities: [{ type: 'pod', name: `${namespace}/web-${(start + index) % STORM_PODS}` }],
      }),
    );
    await upsertIncidents(
      runtime.store.db,
      incidents.map((incident) => ({ incident, home: 't/0', dueAt: null })),
    );
    const records = incidents.map((incident) => {
      const attributes = { id: `${incident.id}/1`, type: EventType.Incident, source: '/bench', time };
      return encodeEvent(incident.id, attributes, incident);
    });
    await runtime.log.append(Topic.Incidents, records);
  }
}
