// deploy/crds, made of the JSON Schemas of policy documents: `node scripts/crds.ts` writes it anew, then `node scripts/chart.ts` copies it
// into the chart. Needs a build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { documentSchemas, POLICY_RESOURCES, type PolicySchemas } from '@tocsin/policy';
import { stringify } from 'yaml';
import { builtSchemas } from './schemas.ts';
import { structural, type Schema } from './structural.ts';

export const CRDS = join(import.meta.dirname, '..', 'deploy', 'crds');

interface Column {
  name: string;
  type: 'string' | 'integer' | 'date';
  jsonPath: string;
  description?: string;
  /** Above 0: only with `-o wide`. */
  priority?: number;
}

/** What `kubectl get` shows of a kind, and what the API server checks beyond the schema; paths are of maps in `spec`. */
const OF_KIND: Readonly<Record<keyof typeof POLICY_RESOURCES, { columns: Column[]; rules: { path: string[]; rule: string; message: string }[] }>> = {
  CorrelationRule: {
    columns: [column('Kind', '.spec.kind'), column('Severity', '.spec.severity')],
    rules: [{ path: [], rule: 'has(self.filter) != has(self.rules)', message: 'expected either "filter" or "rules"' }],
  },
  ResponsePolicy: {
    columns: [column('Mode', '.spec.mode')],
    rules: [{ path: ['match'], rule: 'has(self.incidents) != has(self.violations)', message: 'expected either "incidents" or "violations"' }],
  },
  Silence: {
    columns: [column('Ends', '.spec.endsAt'), column('Author', '.spec.author')],
    rules: [{ path: [], rule: '!has(self.startsAt) || self.startsAt < self.endsAt', message: '"endsAt" is not after "startsAt"' }],
  },
  SourceMapping: { columns: [], rules: [] },
  Subscription: { columns: [column('Events', '.spec.events'), column('Channel', '.spec.channel.type')], rules: [] },
};

function column(name: string, jsonPath: string): Column {
  return { name, type: 'string', jsonPath };
}

const COLUMNS: readonly Column[] = [
  { ...column('Accepted', '.status.conditions[?(@.type=="Accepted")].status'), description: 'Whether it is in force as it is written.' },
  { ...column('Hits', '.status.hits'), type: 'integer', description: 'How often it has come to something.' },
  { ...column('Age', '.metadata.creationTimestamp'), type: 'date' },
  { ...column('Error', '.status.error'), description: 'What is wrong with it.', priority: 1 },
];

const text = (description: string, maxLength: number): Schema => ({ type: 'string', description, maxLength });

/** What Tocsin writes back; conditions as https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md */
const STATUS: Schema = {
  type: 'object',
  description: 'Written by Tocsin.',
  properties: {
    observedGeneration: { type: 'integer', format: 'int64', description: 'The generation that `conditions` are about.' },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
        properties: {
          type: text('Accepted.', 316),
          status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
          observedGeneration: { type: 'integer', format: 'int64' },
          lastTransitionTime: { type: 'string', format: 'date-time' },
          reason: text('One word.', 1_024),
          message: text('For people.', 32_768),
        },
      },
    },
    error: text('What is wrong, with its place in the document; absent when nothing is.', 32_768),
    inForce: {
      type: 'object',
      description: 'The last version without a mistake: it stays in force while a change has one, also over a restart.',
      properties: {
        generation: { type: 'integer', format: 'int64' },
        spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    hits: { type: 'integer', format: 'int64', description: 'How often it has come to something.' },
    lastHit: { type: 'string', format: 'date-time', description: 'When it last did.' },
  },
};

/** The files of deploy/crds by their names. */
export function crds(schemas: PolicySchemas): Map<string, string> {
  const { definitions } = documentSchemas(schemas).get('tocsin.schema.json') as { definitions: Record<string, { properties: { spec: Schema } }> };
  const head = '# Made by scripts/crds.ts of the schemas in docs/schemas.\n';
  return new Map(
    Object.entries(POLICY_RESOURCES).map(([kind, plural]) => {
      const spec = (definitions[kind] as { properties: { spec: Schema } }).properties.spec;
      return [
        `${plural}.yaml`,
        head + stringify(crd(kind as keyof typeof POLICY_RESOURCES, plural, structural(spec)), { lineWidth: 0, aliasDuplicateObjects: false }),
      ];
    }),
  );
}

function crd(kind: keyof typeof POLICY_RESOURCES, plural: string, spec: Schema): object {
  const { columns, rules } = OF_KIND[kind];
  for (const { path, ...rule } of rules) {
    let map = spec;
    for (const key of path) map = (map['properties'] as Record<string, Schema>)[key] as Schema;
    map['x-kubernetes-validations'] = [rule];
  }
  const metadata = { type: 'object' };
  const openAPIV3Schema = {
    type: 'object',
    description: `Policy of Tocsin; see docs/policies.md.`,
    required: ['spec'],
    properties: { apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata, spec, status: STATUS },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.tocsin.dev`, labels: { 'app.kubernetes.io/part-of': 'tocsin' } },
    spec: {
      group: 'tocsin.dev',
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), categories: ['tocsin'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          additionalPrinterColumns: [...columns, ...COLUMNS],
          subresources: { status: {} },
          schema: { openAPIV3Schema },
        },
      ],
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  mkdirSync(CRDS, { recursive: true });
  for (const [name, content] of crds(await builtSchemas())) writeFileSync(join(CRDS, name), content);
}
