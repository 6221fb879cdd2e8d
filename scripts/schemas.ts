// The published JSON Schemas of policy documents: `node scripts/schemas.ts` writes docs/schemas/ anew, with `--check` it
// only says whether they are as the code has them. Needs a build.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildRegistry } from '@tocsin/extension';
import { documentSchemas, type PolicySchemas } from '@tocsin/policy';
import type { ZodType } from 'zod';
import type * as Rules from '../apps/correlator/src/rules/index.ts';
import type * as Mapping from '../apps/ingest/src/sources/generic/mapping.ts';
import type * as Channels from '../apps/notifier/src/channels/index.ts';
import type * as Formats from '../apps/notifier/src/formats/index.ts';

const SCHEMAS = join(import.meta.dirname, '..', 'docs', 'schemas');

export function schemasOf(
  ruleKinds: readonly { type: string; summary: string; config: ZodType }[],
  channels: readonly { type: string; summary: string; config: ZodType }[],
  mapping: ZodType,
  formats: readonly { type: string; summary: string; config: ZodType }[],
): PolicySchemas {
  return {
    ruleKinds: buildRegistry('rule kind', ruleKinds),
    channels: buildRegistry('channel', channels),
    formats: buildRegistry('format', formats),
    mapping,
  };
}

/** The files of docs/schemas/ as they should be, by their names. */
export function schemaFiles(schemas: PolicySchemas): Map<string, string> {
  return new Map([...documentSchemas(schemas)].map(([name, schema]) => [name, `${JSON.stringify(schema, undefined, 1)}\n`]));
}

/** The names of files that are not as they should be. */
export function outOfDate(files: ReadonlyMap<string, string>): string[] {
  const present = existsSync(SCHEMAS) ? readdirSync(SCHEMAS) : [];
  const changed = [...files].filter(([name, text]) => !present.includes(name) || readFileSync(join(SCHEMAS, name), 'utf8') !== text);
  return [...changed.map(([name]) => name), ...present.filter((name) => !files.has(name))];
}

function write(files: ReadonlyMap<string, string>): void {
  mkdirSync(SCHEMAS, { recursive: true });
  for (const name of outOfDate(files)) {
    const text = files.get(name);
    if (text === undefined) rmSync(join(SCHEMAS, name));
    else writeFileSync(join(SCHEMAS, name), text);
    process.stdout.write(`docs/schemas/${name} ${text === undefined ? 'removed' : 'written'}.\n`);
  }
}

/** What the services know, from the build: Node does not run their sources. */
export async function builtSchemas(): Promise<PolicySchemas> {
  const apps = join(import.meta.dirname, '..', 'apps');
  const { ruleKinds } = (await import(`${apps}/correlator/dist/rules/index.js`)) as typeof Rules;
  const { channels } = (await import(`${apps}/notifier/dist/channels/index.js`)) as typeof Channels;
  const { formats } = (await import(`${apps}/notifier/dist/formats/index.js`)) as typeof Formats;
  const { mapping } = (await import(`${apps}/ingest/dist/sources/generic/mapping.js`)) as typeof Mapping;
  return schemasOf(ruleKinds, channels, mapping, formats);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const files = schemaFiles(await builtSchemas());
  if (process.argv.includes('--check')) {
    const names = outOfDate(files);
    for (const name of names) process.stderr.write(`docs/schemas/${name} is out of date; run "node scripts/schemas.ts".\n`);
    process.exitCode = names.length === 0 ? 0 : 1;
  } else write(files);
}
