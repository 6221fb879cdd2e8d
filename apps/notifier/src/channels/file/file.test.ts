import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Channel, Delivery, Outcome } from '../channel.js';
import { delivery, runChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { file } from './file.js';

const never = new AbortController().signal;

interface Line {
  delivery: string;
  data?: unknown;
  text?: string;
}

describe('file', () => {
  let directory: string;
  let path: string;
  let now: number;
  const open: Channel[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-file-'));
    path = join(directory, 'events.ndjson');
    now = Date.parse('2026-09-14T15:00:00.000Z');
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((channel) => channel.close()));
    await rm(directory, { recursive: true });
  });

  function create(config: object = {}): Channel {
    const channel = file.create(file.config.parse({ path, ...config }), channelDeps({ now: () => now }));
    open.push(channel);
    return channel;
  }
  const linesOf = async (name = path): Promise<Line[]> =>
    (await readFile(name, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  const send = (channel: Channel, ...batch: Delivery[]): Promise<Outcome[]> => channel.send(batch, never);
  const rotated = async (): Promise<string[]> => (await readdir(directory)).filter((name) => /ndjson\.\d/.test(name)).toSorted();

  runChannelContract('file', {
    canary: 'no secrets',
    healthy: async () => ({ channel: create(), received: async () => (await linesOf()).map((line) => JSON.stringify(line)) }),
    refused: async () => {
      // The nearest to nobody listening: another process has it.
      await writeFile(`${path}.lock`, `${hostname()} ${process.ppid} 1\n`);
      const channel = create();
      return {
        ...channel,
        takes: 'stream',
        send: async (batch, signal) =>
          (await channel.send(batch, signal)).map((one) => (one.ok || one.reason !== 'config' ? one : { ...one, reason: 'connection' })),
        close: () => channel.close(),
      };
    },
  });

  it('writes each event on a line, whatever the format writes', async () => {
    const texts = ['{\n  "pretty": "a\\nb"\n}', 'CEF:0|x\ny'];
    const [json, text] = [
      delivery({ content: { format: 'template', mediaType: 'application/json', body: Buffer.from(texts[0] as string) } }),
      delivery({ content: { format: 'cef', mediaType: 'text/plain; charset=utf-8', body: Buffer.from(texts[1] as string) } }),
    ];
    await send(create(), json, text);
    expect(await linesOf()).toMatchObject([
      { delivery: json.id, data: { pretty: 'a\nb' } },
      { delivery: text.id, text: 'CEF:0|x y' },
    ]);
  });

  it('cuts half a line that a crash left, which was never delivered', async () => {
    const one = delivery();
    const channel = create();
    await send(channel, one);
    await channel.close();
    await appendFile(path, `{"delivery":"torn${'x'.repeat(200_000)}`);
    const two = delivery();
    await send(create(), two);
    expect((await linesOf()).map((line) => line.delivery)).toEqual([one.id, two.id]);
  });

  it('begins a new file when one is full or old, and keeps so many', async () => {
    const channel = create({ maxBytes: 1_024, maxAge: '1h', keep: 2 });
    const sent: Delivery[] = [];
    for (let index = 0; index < 6; index++) {
      const one = delivery({ data: { n: index, text: 'x'.repeat(700) } });
      sent.push(one);
      await send(channel, one);
      now += 1_000;
    }
    const files = [...(await rotated()).map((name) => join(directory, name)), path];
    expect(files).toHaveLength(3);
    const kept = (await Promise.all(files.map(linesOf))).flat().map((line) => line.delivery);
    expect(kept).toEqual(sent.slice(-3).map(({ id }) => id));
    now += 3_600_000;
    await send(channel, delivery({ data: {} }));
    expect(await linesOf()).toHaveLength(1);
  });

  it('waits while the directory is not there, and loses nothing', async () => {
    path = join(directory, 'later', 'events.ndjson');
    const channel = create();
    const one = delivery();
    expect(await send(channel, one)).toMatchObject([{ ok: false, retry: true, reason: 'config', message: expect.stringContaining('ENOENT') }]);
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(directory, 'later'));
    expect(await send(channel, one)).toEqual([{ ok: true }]);
    expect(await linesOf()).toHaveLength(1);
  });

  it('shares its file with no other subscription, and takes it over from a process that is gone', async () => {
    const first = create();
    expect(await send(first, delivery())).toEqual([{ ok: true }]);
    const second = create();
    expect(await send(second, delivery())).toMatchObject([{ ok: false, retry: true, reason: 'config' }]);
    await first.close();
    expect(await send(second, delivery())).toEqual([{ ok: true }]);
    await second.close();
    // In a container the process before had the same number.
    await writeFile(`${path}.lock`, `${hostname()} ${process.pid} 1\n`);
    expect(await send(create(), delivery())).toEqual([{ ok: true }]);
  });

  it('keeps the lines of several partitions whole', async () => {
    const channel = create();
    const batches = Array.from({ length: 20 }, () => Array.from({ length: 10 }, () => delivery({ data: { text: 'é'.repeat(1_000) } })));
    await Promise.all(batches.map((batch) => channel.send(batch, never)));
    expect(new Set((await linesOf()).map((line) => line.delivery))).toEqual(new Set(batches.flat().map(({ id }) => id)));
  });
});
