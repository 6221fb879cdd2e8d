import { describe, expect, it } from '@jest/globals';
import { cloudevents } from './cloudevents/cloudevents.js';
import { FULL_VIOLATION, input, runFormatContract } from './contract.js';
import type { Content, FormatInput } from './format.js';
import { tocsin } from './tocsin/tocsin.js';

function json({ body }: Content): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

function readOf(data: Record<string, unknown>, events: FormatInput['events']): { text: string; fields: number } {
  return { text: data[events === 'violations' ? 'message' : 'reason'] as string, fields: Object.keys(data).length };
}

runFormatContract('tocsin', {
  format: tocsin.create({ raw: true }),
  mediaType: 'application/json',
  read: (content, events) => readOf(json(content), events),
});

runFormatContract('cloudevents', {
  format: cloudevents.create({ raw: true }),
  mediaType: 'application/cloudevents+json',
  read: (content, events) => readOf(json(content)['data'] as Record<string, unknown>, events),
});

describe('tocsin', () => {
  it("writes the log's own bytes, or leaves out what the sensor said", () => {
    const event = input('violations', FULL_VIOLATION);
    expect(tocsin.create({ raw: true }).write(event).body).toBe(event.body);
    const { raw: _raw, ...rest } = FULL_VIOLATION;
    expect(json(tocsin.create({ raw: false }).write(event))).toEqual(JSON.parse(JSON.stringify(rest)));
  });
});

describe('cloudevents', () => {
  it('has the attributes that CloudEvents 1.0 wants, each a string that is not empty', () => {
    const event = input('violations', FULL_VIOLATION);
    const { data, ...attributes } = json(cloudevents.create({ raw: true }).write(event));
    expect(attributes).toEqual({
      specversion: '1.0',
      id: `${FULL_VIOLATION.id}/1`,
      source: '/tocsin/test',
      type: 'dev.tocsin.violation.v1',
      time: '2026-09-14T14:02:11.123Z',
      subject: FULL_VIOLATION.id,
      datacontenttype: 'application/json',
    });
    expect(data).toEqual(FULL_VIOLATION);
  });
});
