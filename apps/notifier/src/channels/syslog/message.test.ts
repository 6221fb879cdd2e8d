import { describe, expect, it } from '@jest/globals';
import { parseSyslog } from '@tocsin/syslog';
import { HOSTILE } from '../../formats/contract.js';
import { delivery } from '../contract.js';
import type { Delivery } from '../channel.js';
import { syslogConfig } from './config.js';
import { syslogMessage } from './message.js';

const NOW = Date.parse('2026-09-15T00:00:00Z');

function write(one: Delivery, config: object = {}): Buffer {
  return Buffer.from(syslogMessage(one, syslogConfig.parse({ host: 'h', hostname: 'node-1.example.com', ...config })) as string);
}

function text(body: string, format = 'template'): Delivery {
  return delivery({ content: { format, mediaType: 'text/plain; charset=utf-8', body: Buffer.from(body) } });
}

const BOM = '\uFEFF';

describe('syslog messages', () => {
  it('have the fields that are configured', () => {
    const one = text('hello');
    const config = { facility: 'auth', appName: 'sec', procId: '7', msgId: 'ALERT', enterpriseNumber: 4711, severities: { high: 'alert' } };
    expect(write(one, config).toString()).toBe(
      `<33>1 2026-09-14T14:02:11.123Z node-1.example.com sec 7 ALERT [tocsin@4711 delivery="${one.id}" event="${one.event.id}" type="dev.tocsin.violation.v1" subscription="test"] hello`,
    );
  });

  it('are those of RFC 3164 where that is asked for, with the id of the delivery as process id', () => {
    const one = text('first\nsecond');
    expect(write(one, { standard: 'rfc3164' }).toString()).toBe(`<131>Sep 14 14:02:11 node-1 tocsin[${one.id}]: first second`);
    expect(write(one, { standard: 'rfc3164', procId: '7' }).toString()).toBe('<131>Sep 14 14:02:11 node-1 tocsin[7]: first second');
  });

  it.each([1, 2, 3, 4, 5, 6])('map severity %i as syslog has it', (severityId) => {
    const { event } = delivery();
    const [, pri] = /^<(\d+)>/.exec(write(delivery({ event: { ...event, severityId } })).toString()) ?? [];
    expect(Number(pri) & 7).toBe([6, 5, 4, 3, 2, 0][severityId - 1]);
  });

  it('begin with a byte order mark before what is not ASCII, but not before CEF and LEEF, or as is configured', () => {
    const marked = (one: Delivery, config?: object): boolean => write(one, config).includes(BOM);
    expect([marked(text('é')), marked(text('e')), marked(text('é', 'cef')), marked(text('é', 'leef')), marked(delivery())]).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
    expect([marked(text('é', 'cef'), { byteOrderMark: true }), marked(text('é'), { byteOrderMark: false })]).toEqual([true, false]);
    expect(marked(text('é'), { standard: 'rfc3164' })).toBe(false);
  });

  it.each(HOSTILE)('keep %s in the message', (_name, body) => {
    for (const standard of ['rfc5424', 'rfc3164']) {
      const one = text(body);
      const written = write(one, { standard, maxMessageBytes: 1_000_000 });
      const { message, ...head } = parseSyslog(written, NOW);
      const { message: _plain, ...expected } = parseSyslog(write({ ...one, content: text('plain').content }, { standard }), NOW);
      expect(head).toEqual(expected);
      const kept = body
        .toWellFormed()
        .replaceAll(/\r\n?/g, '\n')
        .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ');
      // The parser takes line ends at the end for framing.
      expect(message).toBe((standard === 'rfc5424' ? kept : kept.replaceAll(/\n+/g, ' ')).replace(/\n+$/, ''));
    }
  });

  it.each([480, 1_024, 2_048])('are at most %i bytes where that is asked for, whole characters, and say that they were cut', (maxMessageBytes) => {
    for (const standard of ['rfc5424', 'rfc3164']) {
      for (const body of ['é'.repeat(5_000), '😀'.repeat(5_000), `a${'😀'.repeat(5_000)}`, 'x'.repeat(maxMessageBytes)]) {
        const written = write(text(body), { standard, maxMessageBytes });
        expect(written.length).toBeLessThanOrEqual(maxMessageBytes);
        expect(written.length).toBeGreaterThan(maxMessageBytes - 4);
        const { message, structuredData } = parseSyslog(written, NOW);
        const bytes = Buffer.byteLength(body);
        const [, kept = ''] = / \[cut: (\d+) bytes\]$/.exec(message) ?? [];
        expect(Number(kept)).toBe(bytes);
        expect(body.startsWith(message.slice(0, message.lastIndexOf(' [cut: ')))).toBe(true);
        expect(structuredData.get('tocsin@32473')?.get('truncated')).toBe(standard === 'rfc5424' ? String(bytes) : undefined);
      }
    }
  });

  it('are none where not even the header fits', () => {
    const config = syslogConfig.parse({ host: 'h', hostname: 'h'.repeat(255), maxMessageBytes: 480 });
    expect(syslogMessage(text('x'.repeat(500)), config)).toBeUndefined();
  });
});
