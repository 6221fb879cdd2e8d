import { describe, expect, it } from '@jest/globals';
import { FULL_VIOLATION, input, runFormatContract, TEXT } from '../contract.js';
import type { Content } from '../format.js';
import { cloudevents } from './cloudevents.js';

function json({ body }: Content): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

runFormatContract('cloudevents', {
  format: cloudevents.create({ raw: true }),
  mediaType: 'application/cloudevents+json',
  read(content, events) {
    const data = json(content)['data'] as Record<string, unknown>;
    return { text: data[TEXT[events]] as string, fields: Object.keys(data).length };
  },
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
