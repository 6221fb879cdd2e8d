import { describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { received, runSourceContract, violations } from '../contract.js';
import type { Received } from '../source.js';
import { cloudevents } from './cloudevents.js';

const event = {
  specversion: '1.0',
  id: 'A234-1234-1234',
  source: '/clusters/prod-eu-1/scanner',
  type: 'com.example.crypto-miner',
  time: '2026-09-14T14:02:11.5Z',
  subject: 'shop/web',
  datacontenttype: 'application/json',
  data: {
    name: 'Crypto miner',
    severity: 'critical',
    process: { name: 'xmrig', pid: 7 },
    attacks: [{ technique: 'T1496' }],
    tags: ['miner'],
    labels: { team: 'shop' },
  },
};
const binaryHeaders = {
  'ce-specversion': '1.0',
  'ce-id': event.id,
  'ce-source': event.source,
  'ce-type': event.type,
  'ce-time': event.time,
  'ce-subject': 'shop/web%C3%A9',
};

const create = () => cloudevents.create({ severity: 3 }, undefined);
const decode = (body: unknown, changes: Partial<Received> = {}) =>
  create().decode(
    Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    received({ contentType: 'application/cloudevents+json', ...changes }),
  );
const one = (body: unknown, changes: Partial<Received> = {}): Violation => violations(decode(body, changes))[0] as Violation;

runSourceContract({
  type: 'cloudevents',
  create,
  good: [
    { name: 'a structured event', body: JSON.stringify(event) },
    { name: 'a batch', body: JSON.stringify([event, { ...event, id: 'b' }]), received: { contentType: 'application/cloudevents-batch+json' } },
    { name: 'a binary event', body: 'not JSON', received: { contentType: 'text/plain', headers: binaryHeaders } },
  ],
  item: event,
});

describe('cloudevents', () => {
  it('uses data shaped like a violation field by field', () => {
    expect(one(event)).toMatchObject({
      name: 'Crypto miner',
      severity_id: 5,
      time: '2026-09-14T14:02:11.500Z',
      workload: { namespace: 'shop', name: 'web' },
      process: { name: 'xmrig', pid: 7 },
      attacks: [{ technique: 'T1496' }],
      tags: ['miner'],
      labels: { team: 'shop', 'cloudevents.type': event.type },
    });
  });

  it('names an event by its type where the data says nothing', () => {
    expect(one({ ...event, data: ['x'] })).toMatchObject({
      name: event.type,
      severity_id: 3,
      kind: 'generic',
      workload: { namespace: 'shop', name: 'web' },
    });
  });

  it('gives the same event the same id in structured and in binary mode', () => {
    const binary = one(event.data, { contentType: 'application/json', headers: binaryHeaders });
    expect(binary.id).toBe(one(event).id);
    expect(binary.labels?.['cloudevents.subject']).toBe('shop/webé');
    expect(binary.name).toBe('Crypto miner');
  });

  it('keeps binary data that is no JSON', () => {
    expect(one('<alert/>', { contentType: 'application/xml', headers: binaryHeaders }).raw).toBe('<alert/>');
  });

  it('reads the workload from an API path', () => {
    expect(one({ ...event, subject: '/apis/apps/v1/namespaces/shop/deployments/cart' }).workload).toEqual({ namespace: 'shop', name: 'cart' });
    expect(one({ ...event, subject: 'what / ever' }).workload).toEqual({});
  });

  it.each([
    [{ specversion: '0.3' }, 'specversion'],
    [{ id: '' }, 'id'],
    [{ source: 7 }, 'source'],
    [{ type: null }, 'type'],
    [{ time: 'noon' }, 'time'],
  ])('refuses %j', (change, field) => {
    expect(decode({ ...event, ...change })[0]).toMatchObject({ name: 'BadInput', field });
  });
});
