/** How the sources read what sensors send, for tools that do so without a running ingest. */
import type { SourceMapping } from '@tocsin/policy';
import { ingestConfig, registry } from './config.js';
import { withMappings } from './check-config.js';
import { decodeBody } from './pipeline/decode.js';
import type { Entry, Received } from './sources/source.js';

export { BadInput, type Entry } from './sources/source.js';
export const SOURCE_TYPES: readonly string[] = [...registry.keys()];

const { limits } = ingestConfig.parse({});

export interface DecodeOptions {
  /** For the source `generic`. */
  mapping?: string | undefined;
  /** Of events that do not name theirs. */
  cluster: string;
  /** When they come, milliseconds since 1970. */
  timeMs: number;
}

/** Decodes bodies as ingest does with its default configuration and these mappings. Throws `ConfigErrors` for mappings that clash. */
export function openDecoding(mappings: readonly SourceMapping[]): (type: string, body: Buffer, options: DecodeOptions) => readonly Entry[] {
  const config = withMappings(ingestConfig.parse({}), mappings);
  return (type, body, { mapping, cluster, timeMs }) => {
    const source = registry.get(type);
    if (source === undefined) throw new Error(`There is no source "${type}".`);
    const received: Received = { timeMs, contentType: '', headers: {}, cluster, limits, ...(mapping !== undefined && { mapping }) };
    let defect: unknown;
    const entries = decodeBody(source.create(config.sources[type], undefined), body, received, (error) => (defect = error));
    if (defect !== undefined) throw defect;
    return entries;
  };
}
