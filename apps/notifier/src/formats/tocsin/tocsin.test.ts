import { describe, expect, it } from '@jest/globals';
import { FULL_VIOLATION, input, runFormatContract, TEXT } from '../contract.js';
import type { Content } from '../format.js';
import { tocsin } from './tocsin.js';

function json({ body }: Content): Record<string, unknown> {
  return JSON.parse(body.toString()) as Record<string, unknown>;
}

runFormatContract('tocsin', {
  format: tocsin.create({ raw: true }),
  mediaType: 'application/json',
  read(content, events) {
    const data = json(content);
    return { text: data[TEXT[events]] as string, fields: Object.keys(data).length };
  },
});

describe('tocsin', () => {
  it("writes the log's own bytes, or leaves out what the sensor said", () => {
    const event = input('violations', FULL_VIOLATION);
    expect(tocsin.create({ raw: true }).write(event).body).toBe(event.body);
    const { raw: _raw, ...rest } = FULL_VIOLATION;
    expect(json(tocsin.create({ raw: false }).write(event))).toEqual(JSON.parse(JSON.stringify(rest)));
  });
});
