// docs/metrics.md, made of the metrics that the services register: `node scripts/metrics-doc.ts` writes it anew. Needs a build.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Registry as PromRegistry } from 'prom-client';

export const METRICS_PAGE = join(import.meta.dirname, '..', 'docs', 'metrics.md');

export type Register = (registry: PromRegistry) => unknown;

/** A metric as Prometheus sees it. */
export interface Described {
  name: string;
  type: string;
  help: string;
  labels: readonly string[];
}

/** Labels, and why the number of their values is bounded. */
export const LABELS: Readonly<Record<string, string>> = {
  by: 'a closed list in the code',
  cause: 'a closed list in the code',
  change: 'a closed list in the code',
  channel: 'types of channels, see docs/channels.md',
  code: 'HTTP status codes',
  event: 'a closed list in the code',
  mode: 'modes of policies',
  outcome: 'a closed list in the code',
  policy: 'names of your policies',
  protocol: 'udp, tcp, tls',
  reason: 'a closed list in the code',
  result: 'a closed list in the code',
  rule: 'names of your rules',
  source: 'types of sources, see docs/sources.md',
  subscription: 'names of your subscriptions',
  topic: 'topics, see docs/operations.md',
  type: 'a closed list in the code',
  what: 'a closed list in the code',
};

const HEAD = `# Metrics

Every service answers \`/metrics\` in Prometheus' text format. Names are \`tocsin_<area>_<what>_<unit>\`; no label holds an id, the name of a pod, or a message, so the number of series is bounded by the number of your documents. Beside these there are the Node runtime's (\`process_*\`, \`nodejs_*\`). Made by \`node scripts/metrics-doc.ts\`.
`;

/** What each registers, in the order of their names. */
export async function describe(
  services: readonly { name: string; register: Register; registry: PromRegistry }[],
): Promise<{ service: string; metrics: Described[] }[]> {
  const all: { service: string; metrics: Described[] }[] = [];
  for (const { name, register, registry } of services) {
    register(registry);
    const metrics = registry.getMetricsAsArray() as unknown as {
      name: string;
      help: string;
      type: string;
      labelNames?: readonly string[];
      constructor: { name: string };
    }[];
    all.push({
      service: name,
      metrics: metrics
        .map((metric) => ({
          name: metric.name,
          type: metric.constructor.name.toLowerCase(),
          help: metric.help,
          labels: [...(metric.labelNames ?? [])].filter((label) => label !== 'le'),
        }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    });
  }
  return all;
}

export function page(all: readonly { service: string; metrics: readonly Described[] }[]): string {
  const tables = all.map(({ service, metrics }) => {
    const rows = metrics.map(
      ({ name, type, labels, help }) =>
        `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help.replaceAll('|', '\\|')} |`,
    );
    return `## ${service}\n\n| metric | type | labels | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
  });
  const labels = new Set(all.flatMap(({ metrics }) => metrics.flatMap((metric) => metric.labels)));
  const bounded = [...labels].toSorted((a, b) => (a < b ? -1 : 1)).map((label) => `| \`${label}\` | ${LABELS[label] ?? '?'} |`);
  return `${HEAD}\n${tables.join('\n')}\n## Labels\n\n| label | its values |\n| --- | --- |\n${bounded.join('\n')}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { Registry } = await import('prom-client');
  const load = async (app: string, name: string): Promise<{ name: string; register: Register; registry: PromRegistry }> => {
    const module = (await import(`../apps/${app}/dist/metrics.js`)) as Record<string, Register>;
    return { name: app, register: module[name] as Register, registry: new Registry() };
  };
  const services = await Promise.all([
    load('ingest', 'createIngestMetrics'),
    load('correlator', 'createCorrelatorMetrics'),
    load('responder', 'createResponderMetrics'),
    load('notifier', 'createNotifierMetrics'),
    load('api', 'createApiMetrics'),
  ]);
  writeFileSync(METRICS_PAGE, page(await describe(services)));
}
