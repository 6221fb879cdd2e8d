import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventType, Topic, encodeEvent } from '@tocsin/event-log';
import { startService, type RunningService } from '@tocsin/runtime/nest';
import { buildIncident } from '@tocsin/testing';
import { responderPart } from './part.js';

/** Documents are looked at once a second. */
jest.setTimeout(30_000);

describe('responder, as a service', () => {
  let directory: string;
  let service: RunningService;

  const write = (text: string): Promise<void> => writeFile(join(directory, 'policy.yaml'), text);
  const policy = (name: string): string =>
    `apiVersion: tocsin.dev/v1\nkind: ResponsePolicy\nmetadata: { name: ${name} }\nspec: { match: { incidents: 'true' }, steps: [{ action: snapshot }] }\n`;
  const open = async (id: string): Promise<void> => {
    const incident = buildIncident({ id });
    const attributes = { id: `${id}/1`, type: EventType.Incident, source: '/test', time: incident.updated_at };
    await service.runtime.log.append(Topic.Incidents, [encodeEvent(id, attributes, incident)]);
  };
  const planned = async (): Promise<number> => (await service.runtime.log.offsets(Topic.Actions)).reduce((sum, { end }) => sum + end, 0);
  const metric = async (name: string, labels: Record<string, string>): Promise<number | undefined> =>
    (await service.runtime.metrics.getSingleMetric(name)?.get())?.values.find((value) =>
      Object.entries(labels).every(([key, label]) => value.labels[key] === label),
    )?.value;
  const eventually = async (condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'responder-'));
    await write(policy('first'));
    const env = { PORT: '0', TOCSIN_DATA_DIR: join(directory, 'data'), TOCSIN_POLICY_DIR: directory, LOG_LEVEL: 'silent' };
    service = await startService({ name: 'test', version: '0', parts: [responderPart], standalone: true, env });
  });
  afterEach(async () => {
    await service.stop();
    await rm(directory, { recursive: true });
  });

  it('plans by its documents, and follows them while it runs', async () => {
    await open('a');
    await eventually(async () => (await planned()) === 1);
    await write(policy('second').replace('snapshot', 'snapsot'));
    await eventually(async () => (await metric('tocsin_policy_reloads_total', { app: 'responder', result: 'invalid' })) === 1);
    await open('b');
    await eventually(async () => (await planned()) === 2);
    await write(policy('second'));
    await eventually(async () => (await metric('tocsin_policy_reloads_total', { app: 'responder', result: 'applied' })) === 1);
    await open('c');
    await eventually(async () => (await planned()) === 3);
    const by = (name: string) => metric('tocsin_responder_actions_planned_total', { policy: name, type: 'snapshot', mode: 'observe' });
    expect([await by('first'), await by('second')]).toEqual([2, 1]);
  });
});
