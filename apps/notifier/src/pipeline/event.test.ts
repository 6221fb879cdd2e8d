import { describe, expect, it } from '@jest/globals';
import { EventType, UndecodableRecord, encodeEvent, type StoredRecord } from '@tocsin/event-log';
import { buildViolation } from '@tocsin/testing';
import { readEvent } from './event.js';

const violation = buildViolation({ severity_id: 5, message: 'é "quoted"' });

function record(severityId?: number, value?: Buffer): StoredRecord {
  const attributes = { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time };
  const encoded = encodeEvent('key', { ...attributes, ...(severityId !== undefined && { severityId }) }, violation);
  return { ...encoded, ...(value !== undefined && { value }), offset: 0, timestamp: 0 };
}

describe('events of subscriptions', () => {
  it('are the same whether they are parsed at once or when somebody looks', () => {
    const [parsed, unread] = [readEvent(record(5), 'violations', 's'), readEvent(record(5), 'violations', 's', true)];
    expect({ ...unread, delivery: { ...unread.delivery } }).toEqual({ ...parsed, delivery: { ...parsed.delivery } });
    expect(unread.delivery.data).toEqual(violation);
    expect(unread.delivery.event.severityId).toBe(5);
  });

  it('are not parsed where nobody looks at them', () => {
    const broken = Buffer.from('{');
    expect(readEvent(record(5, broken), 'violations', 's', true).delivery.content.body).toBe(broken);
    expect(() => readEvent(record(5, broken), 'violations', 's')).toThrow(UndecodableRecord);
  });

  it.each([
    ['says no severity', record(undefined, Buffer.from('{'))],
    ['says nonsense of its severity', { ...record(5, Buffer.from('{')), headers: { ...record(5).headers, ce_severityid: 'x' } }],
  ])('are parsed all the same where their header %s', (_name, broken) => {
    expect(() => readEvent(broken, 'violations', 's', true)).toThrow(UndecodableRecord);
  });

  it('of other kinds are parsed, since they have versions', () => {
    const incident = encodeEvent(
      'key',
      { id: 'i/2', type: EventType.Incident, source: '/test', time: violation.time, severityId: 3 },
      { id: 'i', version: 2 },
    );
    expect(readEvent({ ...incident, offset: 0, timestamp: 0 }, 'incidents', 's', true).subject).toEqual({ id: 'i', version: 2 });
  });
});
