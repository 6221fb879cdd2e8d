import { readdir, readFile } from 'node:fs/promises';
import { decodeEvent, encodeEvent, EventType } from '@tocsin/event-log';
import { violationKey, type Violation } from '@tocsin/domain';
import type * as Sources from '../../../apps/ingest/src/sources/index.ts';
import type * as SourceModule from '../../../apps/ingest/src/sources/source.ts';
import { Finding, type Target } from '../target.ts';

const built = new URL('../../../apps/ingest/dist/sources/', import.meta.url);
const written = new URL('../../../apps/ingest/src/sources/', import.meta.url);
/** The log takes no longer record. */
const RECORD_BYTES = 900_000;
const GENERIC = {
  mappings: {
    any: { items: 'events', fields: { id: 'id', name: ['rule', 'name'], time: 'time', 'workload.namespace': 'labels["ns"]', message: 'output' } },
  },
  default: 'any',
};

/** A source adapter: any bytes are violations that other services can read, or entries that say why not. */
export async function sources(type: string): Promise<Target> {
  const { sources: all } = (await import(new URL('index.js', built).href)) as typeof Sources;
  const { BadInput } = (await import(new URL('source.js', built).href)) as typeof SourceModule;
  const source = all.find((one) => one.type === type) as (typeof all)[number];
  const decoder = source.create(source.config.parse(type === 'generic' ? GENERIC : {}), undefined);
  const seeds = await seedsOf(type);
  const decode = (body: Buffer): readonly (Violation | SourceModule.BadInput)[] => {
    try {
      return decoder.decode(body, {
        timeMs: Date.UTC(2026, 8, 14),
        contentType: 'application/json',
        headers: type === 'cloudevents' ? HEADERS : {},
        cluster: 'fuzz',
        limits: { maxItems: 100, maxDepth: 64 },
      });
    } catch (error) {
      if (error instanceof BadInput) return [];
      throw error;
    }
  };
  return {
    name: type,
    seeds,
    words: wordsOf(seeds),
    run(input) {
      const entries = decode(input);
      const ids = entries.map((entry) => (entry instanceof BadInput ? '' : entry.id)).join();
      const again = decode(input)
        .map((entry) => (entry instanceof BadInput ? '' : entry.id))
        .join();
      if (ids !== again) throw new Finding('The same bytes gave other ids.');
      for (const entry of entries) if (!(entry instanceof BadInput)) expectReadable(entry);
    },
  };
}

const HEADERS = { 'ce-specversion': '1.0', 'ce-type': 'dev.tocsin.violation', 'ce-source': '/fuzz', 'ce-id': '1' };

function expectReadable(violation: Violation): void {
  const attributes = { id: violation.id, type: EventType.Violation, source: '/fuzz', time: violation.time };
  const record = encodeEvent(violationKey(violation), attributes, violation);
  if (record.value.length > RECORD_BYTES) throw new Finding(`A violation has ${record.value.length} bytes.`);
  const read = decodeEvent<Violation>(record, EventType.Violation);
  if (JSON.stringify(read) !== JSON.stringify(violation)) throw new Finding('A violation is not what it was after it was written and read.');
  if (!JSON.stringify(violation).isWellFormed()) throw new Finding('A violation holds half a character.');
  if (Number.isNaN(Date.parse(violation.time)) || violation.name === '') throw new Finding('A violation has no time or no name.');
}

/** Lines and files of the adapter's fixtures. */
async function seedsOf(type: string): Promise<Buffer[]> {
  const directory = new URL(`${type}/fixtures/`, written);
  const files = await readdir(directory).catch(() => []);
  const contents = await Promise.all(files.map((file) => readFile(new URL(file, directory), 'utf8')));
  const lines = contents.flatMap((text, index) =>
    files[index]?.endsWith('.json') === true ? [text] : text.split('\n').filter((line) => line !== ''),
  );
  return (lines.length > 0 ? lines : EXAMPLES).map((line) => Buffer.from(line));
}

const EXAMPLES = [
  '{"events":[{"id":"1","rule":"x","time":"2026-09-14T14:02:11Z","labels":{"ns":"shop"},"output":"what happened"}]}',
  '{"specversion":"1.0","id":"1","type":"dev.tocsin.violation","source":"/x","time":"2026-09-14T14:02:11Z","data":{"name":"x","severity_id":3}}',
  '[{"specversion":"1.0","id":"1","type":"t","source":"/x","data_base64":"e30="}]',
];

/** Names and values that the seeds hold. */
function wordsOf(seeds: readonly Buffer[]): string[] {
  return [...new Set(seeds.flatMap((seed) => seed.toString().match(/[\w.:/-]{2,40}/g) ?? []))];
}
