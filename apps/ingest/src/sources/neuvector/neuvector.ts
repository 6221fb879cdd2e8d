import { canonicalJson, type Disposition, type SeverityId, type Violation } from '@tocsin/domain';
import { z } from 'zod';
import { finish, type Draft } from '../draft.js';
import { fromLevel, KNOWN_LEVELS } from '../levels.js';
import { field, number, scalarText, text, texts, type Fields } from '../read.js';
import { BadInput, decodeEach, type Received, type Source } from '../source.js';
import { fromEpoch, fromRfc3339 } from '../time.js';
import { entitiesOf } from './entities.js';
import { readBody, type Sent } from './forms.js';
import { categoryOf, kindOf, NETWORK_VIOLATION, type Category } from './kinds.js';

const config = z.strictObject({
  /** NeuVector user or API key by which Tocsin acts; its own REST events get the label `tocsin.own`. Default: none. */
  ownUser: z.string().min(1).max(128).optional(),
});
type NeuvectorConfig = z.infer<typeof config>;

/** NeuVector's records in every form it sends them: webhooks (JSON, Slack, Teams, plain text), syslog, REST logs. */
export const neuvector: Source<NeuvectorConfig> = {
  type: 'neuvector',
  summary: 'NeuVector incidents, violations, threats, audits and events by webhook, syslog or REST log.',
  config,
  contentTypes: ['application/json', 'text/plain', 'application/x-ndjson'],
  // NeuVector's webhooks have no header of their own; the URL is all that a user can choose.
  tokenInQuery: true,
  create: (settings) => ({
    decode: (body, received) => {
      const items = readBody(body, received);
      return decodeEach(
        items.map((item) => item.bytes),
        (_bytes, index) => decodeRecord((items[index] as (typeof items)[number]).read(), received, settings),
      );
    },
  }),
};

function decodeRecord(sent: Sent, received: Received, settings: NeuvectorConfig): Violation {
  const { record } = sent;
  const category = categoryOf(record);
  if (category === undefined) {
    throw new BadInput(
      'is no NeuVector record: none of notification, threat_id, policy_action, rule_id, critical_vul_cnt, category tells what it is',
    );
  }
  const level = text(record, 'level');
  const severity = level === undefined ? undefined : fromLevel(level);
  if (severity === undefined)
    throw new BadInput(`is ${level === undefined ? 'missing' : JSON.stringify(level.slice(0, 60))}, expected one of: ${KNOWN_LEVELS}`, {
      field: 'level',
    });
  const name = text(record, 'name') ?? (category === 'violation' ? NETWORK_VIOLATION : category);
  const time = timeOf(record);
  const entities = entitiesOf(category, record);
  const draft: Draft = {
    identity: identityOf(category, record, name),
    time,
    kind: kindOf(category, name),
    name,
    message: messageOf(category, record, name),
    severity_id: severity satisfies SeverityId,
    cluster: text(record, 'cluster_name', 'cluster'),
    ...entities,
    node: text(record, 'host_name'),
    disposition: dispositionOf(record, name),
    tags: ['neuvector', category, ...(sent.form === 'text' ? ['lossy'] : [])],
    labels: labelsOf(category, sent, name, settings),
    count: number(record, 'count') || number(record, 'sessions') || 1,
  };
  return finish('neuvector', draft, sent.raw, received);
}

function timeOf(record: Fields): string | undefined {
  const seconds = number(record, 'reported_timestamp');
  const fromSeconds = seconds === undefined ? undefined : fromEpoch(seconds);
  return fromSeconds ?? fromRfc3339(text(record, 'reported_at') ?? '');
}

/**
 * Security records have an id. Events and audits have none, so their content is their identity: what happened, when,
 * to whom. Vulnerabilities belong to it because NeuVector can send one record per CVE or per image layer.
 */
function identityOf(category: Category, record: Fields, name: string): string {
  const id = text(record, 'id');
  if (id !== undefined && category !== 'event' && category !== 'audit') return `${category}:${id}`;
  const subject = ['host_id', 'workload_id', 'workload_name', 'workload_domain', 'image_id', 'repository', 'tag', 'group', 'user'].map(
    (key) => text(record, key) ?? '',
  );
  const details = ['critical_vuls', 'high_vuls', 'medium_vuls', 'items', 'packages', 'image_layer_digest'].map((key) => listText(field(record, key)));
  return canonicalJson([category, name, text(record, 'reported_timestamp') ?? '', subject, details, text(record, 'message') ?? '']);
}

function listText(value: unknown): string {
  return texts(value).join(' ');
}

function messageOf(category: Category, record: Fields, name: string): string {
  const said = text(record, 'message');
  if (category === 'violation') {
    const applications = texts(field(record, 'applications')).join(', ');
    const server = text(record, 'fqdn', 'server_name', 'server_ip') ?? 'unknown';
    const port = text(record, 'server_port');
    const verb = text(record, 'policy_action') === 'deny' ? 'was denied a connection to' : 'connected against policy to';
    return `${text(record, 'client_name', 'client_ip') ?? 'unknown'} ${verb} ${server}${port === undefined ? '' : `:${port}`}${applications === '' ? '' : ` (${applications})`}`;
  }
  if (category === 'audit' && said === undefined) {
    const counts = ['critical', 'high', 'medium'].map((level) => `${level}: ${text(record, `${level}_vul_cnt`) ?? '0'}`);
    return `${name}: ${counts.join(', ')}`;
  }
  return said ?? name;
}

const DISPOSITIONS = new Map<string, Disposition>([
  ['deny', 'Blocked'],
  ['allow', 'Allowed'],
  ['reset', 'Reset'],
  ['violate', 'Detected'],
  ['alert', 'Detected'],
]);

function dispositionOf(record: Fields, name: string): Disposition {
  if (name === 'Admission.Control.Denied') return 'Blocked';
  if (name === 'Admission.Control.Allowed') return 'Allowed';
  return DISPOSITIONS.get(text(record, 'policy_action', 'action') ?? '') ?? 'Detected';
}

/** What rules may want beside the violation's own fields. Ids of sensors and packets stay in `raw`. */
const LABELS = [
  'comment',
  'threat_id',
  'severity',
  'application',
  'sensor',
  'group',
  'target',
  'policy_id',
  'rule_id',
  'response_rule_id',
  'fqdn',
  'category',
  'user_addr',
  'rest_method',
  'rest_request',
  'registry_name',
  'repository',
  'tag',
  'base_os',
  'critical_vul_cnt',
  'high_vul_cnt',
  'medium_vul_cnt',
  'critical_vuls',
  'high_vuls',
  'applications',
  'items',
  'packages',
  'proc_parent_path',
  'enforcer_name',
  'platform',
  'conn_ingress',
];

/** What NeuVector itself did to a workload, by itself or because Tocsin asked: no reason to respond again. */
const RESPONSES = new Map([
  ['Container.Quarantined', 'quarantine'],
  ['Container.Unquarantined', 'unquarantine'],
]);

function* labelsOf(
  category: Category,
  { record, form, ambiguous, recovered }: Sent,
  name: string,
  settings: NeuvectorConfig,
): Generator<readonly [string, string]> {
  yield ['neuvector.category', category];
  yield ['neuvector.form', form];
  if (ambiguous === true) yield ['neuvector.ambiguous', 'true'];
  if (recovered === true) yield ['neuvector.recovered', 'true'];
  const response = RESPONSES.get(name);
  if (response !== undefined) {
    yield ['neuvector.response', response];
    yield ['neuvector.response_reason', text(record, 'message') ?? ''];
  }
  if (category === 'event' && settings.ownUser !== undefined && text(record, 'user') === settings.ownUser) yield ['tocsin.own', 'true'];
  for (const key of LABELS) {
    const value = field(record, key);
    const label = Array.isArray(value) ? texts(value).join(' ') : scalarText(value);
    if (label !== undefined && label !== '') yield [key, label];
  }
}
