import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { buildViolation } from '@tocsin/testing';
import type { Channel, Delivery } from '../channels/channel.js';
import { delivery } from '../channels/contract.js';
import { cef } from '../formats/cef/cef.js';
import { template } from '../formats/template/template.js';
import { inFormat } from './in-format.js';
import { Bench, eventually } from './testing.js';

const never = new AbortController().signal;

/** Keeps what it gets, and refuses what says so. */
function keeper(): { channel: Channel; contents: string[]; closed: boolean } {
  const kept = { contents: [] as string[], closed: false };
  const channel: Channel = {
    takes: 'stream',
    send: async (batch) =>
      batch.map(({ content }: Delivery) => {
        kept.contents.push(`${content.format} ${content.mediaType} ${content.body.toString()}`);
        return content.body.includes('refuse') ? { ok: false, retry: false, reason: 'client_error', message: 'refused' } : { ok: true };
      }),
    close: async () => {
      kept.closed = true;
    },
  };
  return Object.assign(kept, { channel });
}

const short = template.create(template.config.parse({ text: '{{ violation.message }}', maxBytes: 20 }));
const violation = (message: string): Delivery => delivery({ data: buildViolation({ message }) });

describe('a channel in a format', () => {
  it('gets what the format writes, and tells each outcome where it belongs', async () => {
    const kept = keeper();
    const channel = inFormat(kept.channel, 'template', short);
    const batch = [violation('one'), violation('x'.repeat(21)), violation('refuse'), violation('two')];
    expect(await channel.send(batch, never)).toEqual([
      { ok: true },
      { ok: false, retry: false, reason: 'format', message: 'format "template": the template wrote more than 20 bytes; see "maxBytes"' },
      { ok: false, retry: false, reason: 'client_error', message: 'refused' },
      { ok: true },
    ]);
    expect(kept.contents).toEqual(['one', 'refuse', 'two'].map((text) => `template text/plain; charset=utf-8 ${text}`));
    await channel.close();
    expect(kept.closed).toBe(true);
  });

  it('says so when an event is not what it should be, and shows nothing of it', async () => {
    const kept = keeper();
    const channel = inFormat(kept.channel, 'cef', cef.create({}));
    const [outcome] = await channel.send([delivery({ data: { secret: 'x' } })], never);
    expect(outcome).toMatchObject({ ok: false, retry: false, reason: 'format', message: expect.stringContaining('not as expected') });
    expect(kept.contents).toEqual([]);
  });
});

describe('a subscription with a format', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  it('gives what cannot be written to the dead letters, and goes on', async () => {
    const kept = keeper();
    await bench.start('noc', inFormat(kept.channel, 'template', short));
    await bench.push([buildViolation({ message: 'one' }), buildViolation({ message: 'x'.repeat(21) }), buildViolation({ message: 'two' })]);
    await eventually(() => kept.contents.length === 2);
    const [letter] = await bench.deadLetters(1);
    expect(JSON.stringify(letter?.headers)).toContain('wrote more than 20 bytes');
  });
});
