/** What no schema can see: mistakes that show only where several settings, or settings and documents, stand together. */
import { ConfigErrors, type ConfigIssue } from '@tocsin/extension';
import type { SourceMapping } from '@tocsin/policy';
import { isLoopback, tokenMissing } from '@tocsin/runtime';
import { registry, sourceTypes, type IngestConfig } from './config.js';
import { REMOVABLE_ONLY } from './pipeline/mask.js';

const GENERIC = 'generic';

export function configIssues(config: IngestConfig, httpHost: string): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { mode, token, tokens } = config.authentication;
  const open = sourceTypes.filter((type) => token === undefined && tokens[type] === undefined);
  if (mode === 'token' && !isLoopback(httpHost) && open.length > 0) {
    issues.push(tokenMissing('ingest', httpHost, ` (sources without a token: ${open.join(', ')})`));
  }
  config.topics.forEach(({ topic }, index) => {
    if (topic.startsWith('tocsin.'))
      issues.push(issue(`topics[${index}].topic`, `is "${topic}", one of Tocsin's own; it would take in what it wrote`));
  });
  const hashed = config.mask.flatMap((mask, index) => (mask.with === 'hash' ? [{ path: mask.path, index }] : []));
  for (const { path, index } of hashed) {
    if (REMOVABLE_ONLY.includes(path)) issues.push(issue(`mask[${index}].with`, `is "hash", but ${path} can only be removed; write "remove"`));
  }
  if (hashed.length > 0 && config.maskSalt === undefined) {
    issues.push(issue('maskSalt', 'is missing, and without it hashed values could be found by trying; set it to { file: … } or { env: … }'));
  }
  return issues;
}

/**
 * The configuration with the mappings of SourceMapping documents beside its own. Throws `ConfigErrors` when a name is
 * taken twice, or when the configuration names a mapping that neither has.
 */
export function withMappings(config: IngestConfig, documents: readonly SourceMapping[]): IngestConfig {
  const issues: ConfigIssue[] = [];
  const settings = config.sources[GENERIC] as { default: string; mappings: Record<string, unknown> };
  const taken = mappingsOf(config, GENERIC) ?? [];
  for (const { metadata, issue: issueAt } of documents) {
    if (!taken.includes(metadata.name)) continue;
    const whose = Object.hasOwn(settings.mappings, metadata.name) ? 'of a mapping in tocsin.yaml' : 'of a mapping that is built in';
    issues.push(issueAt(['metadata', 'name'], `is "${metadata.name}", the name ${whose}; rename one of them`));
  }
  const mappings = { ...settings.mappings, ...Object.fromEntries(documents.map(({ metadata, spec }) => [metadata.name, spec.mapping])) };
  const merged = { ...config, sources: { ...config.sources, [GENERIC]: { ...settings, mappings } } };
  checkMapping(merged, { source: GENERIC, mapping: settings.default }, 'sources.generic.default', issues);
  config.syslog.listeners.forEach((entry, index) => checkMapping(merged, entry, `syslog.listeners[${index}].mapping`, issues));
  config.topics.forEach((entry, index) => checkMapping(merged, entry, `topics[${index}].mapping`, issues));
  if (issues.length > 0) throw new ConfigErrors(issues);
  return merged;
}

function mappingsOf(config: IngestConfig, source: string): readonly string[] | undefined {
  return registry.get(source)?.mappings?.(config.sources[source]);
}

function checkMapping(config: IngestConfig, entry: { source: string; mapping?: string | undefined }, path: string, issues: ConfigIssue[]): void {
  if (entry.mapping === undefined) return;
  const known = mappingsOf(config, entry.source);
  if (known === undefined) issues.push(issue(path, `has no meaning for source "${entry.source}"; leave it out`));
  else if (!known.includes(entry.mapping)) issues.push(issue(path, `is "${entry.mapping}", expected one of: ${known.join(', ')}`));
}

function issue(path: string, message: string): ConfigIssue {
  return { file: 'tocsin.yaml', path: `ingest.${path}`, message };
}
