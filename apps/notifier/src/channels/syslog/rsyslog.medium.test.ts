import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { describeReal, makeCertificates, startRsyslog, syslogReceiver, type Certificates, type Rsyslog } from '@tocsin/testing';
import { cef } from '../../formats/cef/cef.js';
import { FULL_VIOLATION, HOSTILE, input, withText } from '../../formats/contract.js';
import type { Channel, Delivery } from '../channel.js';
import { delivery } from '../contract.js';
import { channelDeps } from '../testing.js';
import { syslog } from './syslog.js';
import { bytesOf, create as createWith, formatted, STORIES as HOSTILE_STORIES } from './testing.js';

jest.setTimeout(60_000);

const never = new AbortController().signal;

/** What receivers stumble over: characters, line ends, quotes, what looks like a message, and length. */
const STORIES: [string, object][] = [
  ['plain ASCII', { message: 'A shell was spawned in a container' }],
  ['characters beyond ASCII', { message: 'Größe, 日本語, 😀, \u0000, \u007f, \u2028' }],
  ['line ends and tabs', { message: 'first\nsecond\r\nthird\tcolumn' }],
  ['quotes and brackets', { message: '"]\\ [tocsin@32473 id="x"] <13>1 - - - - - -' }],
  ['8 KB and more', { message: 'ä'.repeat(1_500), args: Array.from({ length: 500 }, (_, index) => `--argument-${index}`) }],
  ['almost a datagram', { message: 'x'.repeat(60_000) }],
];

function create(port: number, config: object): Channel {
  return syslog.create(syslog.config.parse({ host: '127.0.0.1', port, timeout: '2s', ...config }), channelDeps());
}

async function readsBack(rsyslog: Rsyslog, port: number, config: object): Promise<void> {
  const channel = create(port, { facility: 'local4', ...config });
  const before = (await rsyslog.messages()).length;
  const batch = STORIES.map(([, data]) => delivery({ data }));
  expect(await channel.send(batch, never)).toEqual(batch.map(() => ({ ok: true })));
  const received = (await rsyslog.until(before + batch.length)).slice(before);
  for (const [index, one] of batch.entries()) {
    const message = received[index];
    expect(JSON.parse(message?.msg ?? '')).toEqual(STORIES[index]?.[1]);
    expect(message).toMatchObject({ pri: '163', 'app-name': 'tocsin', msgid: 'violation', timereported: expect.stringMatching(/^Sep 14 /) });
    expect(message?.['structured-data']).toBe(
      `[tocsin@32473 delivery="${one.id}" event="${one.event.id}" type="${one.event.type}" subscription="test"]`,
    );
    // Byte for byte: nothing was escaped, cut or added on the way.
    expect(message?.rawmsg).toMatch(/^<163>1 2026-09-14T14:02:11\.123Z \S+ tocsin - violation \[tocsin@32473 [\x20-\x7e]*$/);
    expect(message?.rawmsg.endsWith(`] ${message.msg.trimStart()}`)).toBe(true);
  }
  await channel.close();
}

async function takesHostile(rsyslog: Rsyslog, config: { framing?: string; transport?: string }): Promise<void> {
  const channel = createWith(config.transport === 'udp' ? rsyslog.udpPort : rsyslog.tcpPort, config);
  const before = (await rsyslog.messages()).length;
  const batch = HOSTILE_STORIES.map(([, one]) => one);
  expect(await channel.send(batch, never)).toEqual(batch.map(() => ({ ok: true })));
  const received = (await rsyslog.until(before + batch.length)).slice(before);
  for (const [index, [name, one]] of HOSTILE_STORIES.entries()) {
    const bytes = bytesOf(one, config);
    expect({ name, raw: received[index]?.rawmsg }).toEqual({ name, raw: config.framing === 'newline' ? bytes.replaceAll('\n', ' ') : bytes });
    expect(received[index]).toMatchObject({ pri: '163', 'app-name': 'tocsin', msgid: 'violation', hostname: 'node-1' });
  }
  await channel.close();
}

describeReal('rsyslog', 'syslog to a real rsyslog', () => {
  let rsyslog: Rsyslog;
  beforeAll(async () => {
    rsyslog = await startRsyslog();
  });
  afterAll(() => rsyslog.close());

  it('is read back byte for byte over TCP', () => readsBack(rsyslog, rsyslog.tcpPort, {}));

  it('is read back byte for byte over UDP', () => readsBack(rsyslog, rsyslog.udpPort, { transport: 'udp', maxMessageBytes: 65_507 }));

  it.each([
    ['TCP with octet counting', {}],
    ['TCP in lines', { framing: 'newline' }],
    ['UDP', { transport: 'udp' }],
  ])('takes hostile text, many lines and 64 KB over %s', (_name, config) => takesHostile(rsyslog, config));

  it('understands RFC 3164', async () => {
    const before = (await rsyslog.messages()).length;
    const channel = createWith(rsyslog.tcpPort, { standard: 'rfc3164' });
    const one = delivery({ data: { message: 'é "x"' } });
    await channel.send([one], never);
    const received = (await rsyslog.until(before + 1))[before];
    expect(received).toMatchObject({ pri: '163', timereported: 'Sep 14 14:02:11', hostname: 'node-1', 'app-name': 'tocsin' });
    expect(received?.rawmsg).toBe(bytesOf(one, { standard: 'rfc3164' }));
    expect(JSON.parse(received?.msg ?? '')).toEqual({ message: 'é "x"' });
    await channel.close();
  });

  it("reads CEF by liblognorm's parser, and nothing leaves its field", async () => {
    const format = cef.create({});
    const texts = ['plain', ...HOSTILE.filter(([name]) => name !== '64 KB').map(([, text]) => text)];
    const sent = [input('violations', FULL_VIOLATION), ...texts.map((text) => withText('violations', text))].map((event) =>
      formatted('cef', format, event),
    );
    const before = (await rsyslog.messages()).length;
    const channel = createWith(rsyslog.tcpPort, {});
    await channel.send(sent, never);
    const [first, usual, ...others] = (await rsyslog.until(before + sent.length)).slice(before).map(({ cef: read }) => read.f);
    await channel.close();
    expect(first).toMatchObject({
      DeviceVendor: 'Tocsin',
      SignatureID: 'Terminal shell in container',
      Severity: '5',
      Extensions: { src: '10.1.2.3', sproc: '/usr/bin/nc', cs2: 'shop', msg: FULL_VIOLATION.message },
    });
    for (const [index, read] of others.entries()) {
      const text = texts[index + 1] as string;
      expect({ text, keys: Object.keys(read?.Extensions ?? {}) }).toEqual({ text, keys: Object.keys(usual?.Extensions ?? {}) });
      expect(read).toMatchObject({ DeviceProduct: 'Tocsin', Severity: '5' });
      expect(read?.Extensions['msg']).toBe(text.toWellFormed().replaceAll(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g, ' '));
    }
  });

  it('loses nothing when rsyslog is killed in the middle', async () => {
    const channel = create(rsyslog.tcpPort, { timeout: '500ms' });
    const batches = Array.from({ length: 60 }, () => Array.from({ length: 20 }, () => delivery()));
    for (const [index, batch] of batches.entries()) {
      if (index === 30) await rsyslog.kill();
      if (index === 32) await rsyslog.start();
      while ((await channel.send(batch, never)).some(({ ok }) => !ok)) if (index < 32) break;
    }
    // What failed while rsyslog was away is the pipeline's to send again.
    for (const batch of batches.slice(30, 32)) await channel.send(batch, never);
    const expected = new Set(batches.flat().map(({ id }) => id));
    const missing = async (): Promise<number> => expected.difference(await idsOf(rsyslog)).size;
    while ((await missing()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await channel.close();
  });
});

describeReal('rsyslog-tls', 'syslog to a real rsyslog over TLS', () => {
  let certificates: Certificates;
  let rsyslog: Rsyslog;
  beforeAll(async () => {
    certificates = await makeCertificates();
    rsyslog = await startRsyslog(certificates);
  });
  afterAll(async () => {
    await rsyslog.close();
    await certificates.remove();
  });

  it('is read back byte for byte, with certificates on both sides', () => {
    const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = certificates;
    return readsBack(rsyslog, rsyslog.tcpPort, { transport: 'tls', tls: { caFile, certFile, keyFile } });
  });

  it.each([
    ['octet counting', {}],
    ['lines', { framing: 'newline' }],
  ])('takes hostile text, many lines and 64 KB with %s', (_name, config) => {
    const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = certificates;
    return takesHostile(rsyslog, { ...config, transport: 'tls', tls: { caFile, certFile, keyFile } } as object);
  });

  it('is not reported as delivered when rsyslog wants a certificate and gets none', async () => {
    const channel = create(rsyslog.tcpPort, { transport: 'tls', tls: { caFile: certificates.caFile } });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true }]);
    await channel.close();
  });
});

describeReal('openssl', 'syslog over TLS', () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates();
  });
  afterAll(() => certificates.remove());

  async function sendTo(options: { mutual?: boolean }, config: object): Promise<{ outcome: unknown; messages: string[]; sent: Delivery }> {
    const receiver = await syslogReceiver({ tls: certificates, ...options });
    const channel = create(receiver.port, { transport: 'tls', ...config });
    const sent = delivery();
    const [outcome] = await channel.send([sent], never);
    await channel.close();
    await receiver.close();
    return { outcome, messages: receiver.messages, sent };
  }

  it('trusts the authority that is configured', async () => {
    const { outcome, messages, sent } = await sendTo({}, { tls: { caFile: certificates.caFile } });
    expect(outcome).toEqual({ ok: true });
    expect(messages[0]).toContain(sent.id);
  });

  it('does not send to a server that it does not trust', async () => {
    const { outcome, messages } = await sendTo({}, {});
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'config' });
    expect(messages).toEqual([]);
  });

  it('does not send to a server that has another name', async () => {
    const { outcome, messages } = await sendTo({}, { tls: { caFile: certificates.caFile, servername: 'siem.example.com' } });
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'config' });
    expect(messages).toEqual([]);
  });

  it('takes the name that is configured where the server is reached by its address', async () => {
    const { outcome } = await sendTo({}, { tls: { caFile: certificates.caFile, servername: 'localhost' } });
    expect(outcome).toEqual({ ok: true });
  });

  it('is not reported as delivered when the server wants a certificate and gets none', async () => {
    const { outcome, messages } = await sendTo({ mutual: true }, { tls: { caFile: certificates.caFile } });
    expect(outcome).toMatchObject({ ok: false, retry: true });
    expect(messages).toEqual([]);
  });

  it('says which file cannot be read', async () => {
    const { outcome } = await sendTo({}, { tls: { caFile: '/nowhere/ca.pem' } });
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining('/nowhere/ca.pem') });
  });
});

async function idsOf(rsyslog: Rsyslog): Promise<Set<string | undefined>> {
  return new Set((await rsyslog.messages()).map(({ rawmsg }) => /delivery="([^"]+)"/.exec(rawmsg)?.[1]));
}
