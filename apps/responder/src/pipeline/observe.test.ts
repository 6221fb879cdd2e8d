import { describe, expect, it } from '@jest/globals';
import { EventType, Topic, encodeEvent, openEmbeddedLog, topicSpecs, type Batch } from '@tocsin/event-log';
import { createMetrics } from '@tocsin/runtime';
import { buildIncident } from '@tocsin/testing';
import { createResponderMetrics } from '../metrics.js';
import { observe } from './observe.js';

describe('observe', () => {
  it('counts incident changes, and keeps what it cannot read', async () => {
    const log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    const registry = createMetrics('test', '0');
    const incident = buildIncident();
    const good = encodeEvent(incident.id, { id: incident.id, type: EventType.Incident, source: '/test', time: incident.last_seen }, incident);
    const records = [good, { ...good, value: Buffer.from('{') }].map((record, offset) => ({ ...record, offset, timestamp: 0 }));
    const batch: Batch = {
      topic: Topic.Incidents,
      partition: 0,
      records,
      highWatermark: 2,
      signal: AbortSignal.any([]),
      done: () => undefined,
      heartbeat: async () => undefined,
    };
    await observe(batch, { log, metrics: createResponderMetrics(registry), now: () => 0 });
    expect(await registry.getSingleMetricAsString('tocsin_responder_incidents_observed_total')).toContain('{change="opened"} 1');
    expect((await log.offsets(Topic.DeadLetters))[0]).toMatchObject({ end: 1 });
    await log.close();
  });
});
