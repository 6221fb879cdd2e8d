import type { Incident } from '@tocsin/domain';
import { EventType, UndecodableRecord, appendDeadLetters, deadLetter, decodeEvent, type Batch, type EventLog } from '@tocsin/event-log';
import type { ResponderMetrics } from '../metrics.js';

export const RESPONDER_GROUP = 'responder';

export interface ObserveDeps {
  log: EventLog;
  metrics: ResponderMetrics;
  now(): number;
}

/**
 * The responder in mode `observe`: it reads every incident change and acts on none. No policy allows an action yet,
 * so refusing all of them is the only safe answer.
 */
export async function observe(batch: Batch, { log, metrics, now }: ObserveDeps): Promise<void> {
  for (const record of batch.records) {
    try {
      const incident = decodeEvent<Incident>(record, EventType.Incident);
      metrics.observed.inc({ change: incident.change });
    } catch (error) {
      if (!(error instanceof UndecodableRecord)) throw error;
      const time = new Date(now()).toISOString();
      await appendDeadLetters(log, [
        deadLetter(record, {
          stage: 'respond',
          reason: 'undecodable',
          message: error.message,
          component: RESPONDER_GROUP,
          attempts: 1,
          firstTime: time,
          lastTime: time,
          origin: { topic: batch.topic, partition: batch.partition, offset: record.offset },
        }),
      ]);
    }
  }
}
