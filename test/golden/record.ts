// Writes golden records: what this version puts on the log. `node test/golden/record.ts` after a build, once for each release whose
// records have another shape; what earlier ones wrote stays, and is never written anew.
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEmbeddedLog, topicSpecs, Topic, type LogRecord } from '@tocsin/event-log';
import { startProduct } from '../product.ts';
import type * as Routes from '../../apps/api/src/http/routes/index.ts';
import { schemasNow, shapeOf, type Golden } from './shape.ts';

/** Of one topic; records that have the same shape as one before are left out. */
const MOST = 12;
const root = fileURLToPath(new URL('../../', import.meta.url));
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const target = fileURLToPath(new URL(`v${version}/`, import.meta.url));

const POLICIES = `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: everything }
spec: { events: violations, digest: { above: 5, every: 1s }, channel: { type: file, path: DIR/violations.ndjson } }
---
apiVersion: tocsin.dev/v1
kind: CorrelationRule
metadata: { name: by-node }
spec:
  title: Many processes on a node
  severity: medium
  kind: event_count
  filter: violation.kind == "process"
  groupBy: [name]
  condition: { gte: 3 }
  timespan: 10m
---
apiVersion: tocsin.dev/v1
kind: ResponsePolicy
metadata: { name: look }
spec: { mode: observe, match: { incidents: "true" }, steps: [{ action: snapshot }] }
`;

const directory = await mkdtemp(join(tmpdir(), 'tocsin-golden-'));
try {
  await mkdir(join(directory, 'policies'));
  await writeFile(join(directory, 'policies', 'golden.yaml'), POLICIES.replaceAll('DIR', directory));
  const product = await startProduct(directory, '--demo');
  await product.until('See one whole');
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(`${product.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const { items } = (await (await fetch(`${product.url}/v1/incidents?limit=3`)).json()) as { items: { id: string }[] };
  const [first, second] = items as [{ id: string }, { id: string }];
  await post(`/v1/incidents/${first.id}/acknowledge`, { comment: 'mine' });
  await post(`/v1/incidents/${first.id}/resolve`, { reason: 'benign', comment: 'a drill' });
  await post(`/v1/incidents/${second.id}/note`, { comment: 'look' });
  await post('/v1/sources/generic', { nonsense: true });
  await product.settled();
  await product.stop();
  await writeGolden();
} finally {
  await rm(directory, { recursive: true, force: true });
}

async function writeGolden(): Promise<void> {
  const log = await openEmbeddedLog({ file: join(directory, 'data', 'log.db') });
  await log.ensureTopics(topicSpecs());
  await mkdir(target, { recursive: true });
  for (const topic of Object.values(Topic)) {
    const shapes = new Map<string, Golden>();
    for (const record of await everything(log, topic)) {
      const golden = goldenOf(record);
      const shape = JSON.stringify([record.headers['ce_type'], shapeOf(golden)]);
      if (!shapes.has(shape) && shapes.size < MOST) shapes.set(shape, golden);
    }
    await writeFile(join(target, `${topic}.ndjson`), [...shapes.values()].map((golden) => `${JSON.stringify(golden)}\n`).join(''));
    process.stdout.write(`${topic}: ${shapes.size} records\n`);
  }
  await log.close();
  const { SCHEMAS } = (await import(new URL('../../apps/api/dist/http/routes/index.js', import.meta.url).href)) as typeof Routes;
  await writeFile(join(target, 'schemas.json'), `${JSON.stringify(schemasNow(SCHEMAS), null, 2)}\n`);
}

function goldenOf({ key, headers, value }: LogRecord): Golden {
  const text = value.toString('utf8');
  return Buffer.from(text).equals(value) ? { key, headers, value: text } : { key, headers, base64: value.toString('base64') };
}

async function everything(log: Awaited<ReturnType<typeof openEmbeddedLog>>, topic: string): Promise<LogRecord[]> {
  const offsets = await log.offsets(topic);
  const wanted = offsets.reduce((sum, { start, end }) => sum + end - start, 0);
  const found: LogRecord[] = [];
  if (wanted === 0) return found;
  const { promise, resolve } = Promise.withResolvers<void>();
  const consumer = await log.consume({
    topic,
    group: 'golden',
    async onBatch({ records }) {
      found.push(...records);
      if (found.length >= wanted) resolve();
    },
  });
  await promise;
  await consumer.stop();
  return found;
}
