import { describeKnown } from '@tocsin/extension';
import type { Violation } from '@tocsin/domain';
import type { Decode, PolicySet, SourceMapping } from '@tocsin/policy';
import { UsageError } from './command.js';

/** What sensors send, read as ingest reads it. */
export type DecodeBody = (source: string, body: Buffer, mapping?: string) => Violation[];

/** `cluster` is that of events that name none. Loads the sources, which is not worth the time where nothing is to be decoded. */
export async function openDecoder(mappings: readonly SourceMapping[], cluster: string): Promise<DecodeBody> {
  const { openDecoding, BadInput, SOURCE_TYPES } = await import('@tocsin/ingest/decoding');
  const decode = openDecoding(mappings);
  return (source, body, mapping) => {
    if (!SOURCE_TYPES.includes(source)) throw new UsageError(`"${source}" is no source; ${describeKnown(source, SOURCE_TYPES)}`);
    return decode(source, body, { mapping, cluster, timeMs: Date.now() }).map((entry) => {
      if (!(entry instanceof BadInput)) return entry;
      const place = entry.field === '' ? 'the event' : `"${entry.field}"`;
      throw new UsageError(`event ${entry.index + 1} cannot be read by the source "${source}": ${place} ${entry.message}`);
    });
  };
}

/** For the events of the tests in a set. */
export async function openStoryDecoder(set: PolicySet): Promise<Decode> {
  const tests = [...set.rules, ...set.responses].flatMap(({ spec }) => spec.tests);
  const needed = [...tests, ...set.scenarios.map(({ spec }) => spec)].some(({ events }) => events.some(({ raw }) => raw !== undefined));
  if (!needed) return () => [];
  const decode = await openDecoder(set.mappings, 'test');
  return ({ source, mapping, event }) => decode(source, Buffer.from(JSON.stringify(event)), mapping);
}
