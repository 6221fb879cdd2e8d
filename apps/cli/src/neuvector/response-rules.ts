import { createHash } from 'node:crypto';
import { parseYamlDocuments, type YamlDoc } from '@tocsin/extension';
import { Remarks, type Remark } from '../sigma/report.js';
import { writeDocument } from './write.js';

/** What came of one response rule of NeuVector. */
export interface ConvertedRule {
  file: string;
  /** Documents of Tocsin; empty when nothing of the rule has an equivalent. */
  text: string;
  remarks: readonly Remark[];
  inForce: boolean;
}

/** https://open-docs.neuvector.com/policy/responserules, and the CRDs NvResponseRuleSecurityRule, NvSecurityRule and NvClusterSecurityRule. */
interface Rule {
  event?: string;
  comment?: string;
  conditions?: { type?: string; value?: string }[];
  actions?: string[];
  webhooks?: string[];
  disable?: boolean;
}

const KINDS_OF: Readonly<Record<string, readonly string[]>> = {
  event: ['audit'],
  'security-event': ['process', 'file', 'network', 'threat'],
  'cve-report': ['vulnerability'],
  compliance: ['compliance'],
  'admission-control': ['admission'],
};
const LEVELS: Readonly<Record<string, number>> = { Critical: 5, Error: 4, Warning: 3, Notice: 2, Info: 1 };

/** Converts all response rules of the files. Throws `ConfigErrors` where they are no YAML. */
export function convertResponseRules(files: readonly { file: string; text: string }[]): ConvertedRule[] {
  return files.flatMap(({ file, text }) => parseYamlDocuments(text, file).flatMap((doc) => rulesIn(doc).map((found) => convert(file, doc, found))));
}

interface Found {
  path: (string | number)[];
  rule: Rule;
  /** Of the object that holds the rule. */
  name: string;
  /** Name of the group that the rule is about; undefined: of all. */
  group: string | undefined;
}

/** A List holds objects; an object holds one rule, or the rules of its group. */
function rulesIn({ value }: YamlDoc): Found[] {
  const whole = value as { kind?: string; items?: unknown[] } | null;
  if (whole?.kind === 'List') return (whole.items ?? []).flatMap((item, index) => rulesOf(item, ['items', index]));
  return rulesOf(whole, []);
}

function rulesOf(object: unknown, path: (string | number)[]): Found[] {
  const { kind, metadata, spec } = (object ?? {}) as {
    kind?: string;
    metadata?: { name?: string };
    spec?: { rule?: Rule; response?: Rule[]; target?: { selector?: { name?: string } } };
  };
  const name = metadata?.name ?? 'rule';
  if (kind === 'NvResponseRuleSecurityRule' && spec?.rule !== undefined)
    return [{ path: [...path, 'spec', 'rule'], rule: spec.rule, name, group: undefined }];
  if (kind !== 'NvSecurityRule' && kind !== 'NvClusterSecurityRule') return [];
  return (spec?.response ?? []).map((rule, index) => ({
    path: [...path, 'spec', 'response', index],
    rule,
    name: `${name}-${index + 1}`,
    group: spec?.target?.selector?.name,
  }));
}

function convert(file: string, doc: YamlDoc, { path, rule, name, group }: Found): ConvertedRule {
  const remarks = new Remarks((at, message) => doc.issue([...at], message));
  const filter = conditionOf(rule, group, path, remarks);
  const actions = rule.actions ?? [];
  const plain = plainName(name);
  const documents: object[] = [];
  const inForce = filter !== undefined && remarks.isWhole && rule.disable !== true;
  const description = [rule.comment, 'Converted from a response rule of NeuVector.'].filter((text) => text !== undefined && text !== '').join('. ');
  if (filter !== undefined && actions.includes('quarantine')) {
    remarks.note(
      [...path, 'actions'],
      'quarantines at once and for ever in NeuVector; here the policy observes first, and has a lease: see "mode" and "lease"',
    );
    const steps = [{ action: 'snapshot', onFailure: 'continue' }, { action: 'quarantine' }];
    documents.push(
      document('ResponsePolicy', plain, { description, enabled: inForce, match: { violations: filter }, mode: 'observe', lease: '4h', steps }),
    );
  }
  if (filter !== undefined && actions.includes('webhook')) {
    for (const webhook of (rule.webhooks ?? []).length > 0 ? (rule.webhooks ?? []) : ['webhook']) {
      remarks.note([...path, 'webhooks'], `names "${webhook}"; its address is not in the rule: put it in, and take "enabled: false" out`);
      const channel = { type: 'webhook', url: `https://${plainName(webhook)}.example.com/` };
      documents.push(
        document('Subscription', `${plain}-${plainName(webhook)}`.slice(0, 60), { enabled: false, events: 'violations', filter, channel }),
      );
    }
  }
  if (actions.includes('suppress-log')) {
    remarks.lost([...path, 'actions'], 'has "suppress-log": Tocsin drops no violation; a Silence mutes incidents, until it ends');
  }
  for (const action of actions) {
    if (!['quarantine', 'webhook', 'suppress-log'].includes(action))
      remarks.lost([...path, 'actions'], `has "${action}", which is no action of NeuVector`);
  }
  return { file, text: documents.map(writeDocument).join('---\n'), remarks: remarks.list, inForce: inForce && documents.length > 0 };
}

/** All of its conditions, as NeuVector means them; undefined when nothing can be matched. */
function conditionOf(
  { event = '', conditions = [] }: Rule,
  group: string | undefined,
  path: (string | number)[],
  remarks: Remarks,
): string | undefined {
  const kinds = KINDS_OF[event];
  if (kinds === undefined) {
    remarks.lost([...path, 'event'], `is "${event}", which Tocsin takes in no events of`);
    return undefined;
  }
  const list = kinds.map((kind) => JSON.stringify(kind)).join(', ');
  const terms = ['violation.source == "neuvector"', kinds.length === 1 ? `violation.kind == ${list}` : `violation.kind in [${list}]`];
  for (const [index, { type = '', value = '' }] of conditions.entries()) {
    const term = termOf(type, value);
    if (term === undefined) remarks.lost([...path, 'conditions', index], `has the condition "${type}: ${value}", which has no equivalent`);
    else terms.push(term);
  }
  if (group !== undefined) {
    const [, service, namespace] = /^nv\.(.+)\.([a-z0-9-]+)$/.exec(group) ?? [];
    if (service === undefined || namespace === undefined)
      remarks.lost([...path], `is about the group "${group}"; only those that NeuVector learned (nv.<service>.<namespace>) name a workload`);
    else terms.push(`violation.workload.namespace == ${JSON.stringify(namespace)}`, `violation.workload.name == ${JSON.stringify(service)}`);
  }
  return terms.join(' && ');
}

/** NeuVector compares names without regard to case, and levels for equality. */
function termOf(type: string, value: string): string | undefined {
  if (type === 'level') return LEVELS[value] === undefined ? undefined : `violation.severity_id == ${LEVELS[value]}`;
  if (type === 'process') return `violation.process.name == ${JSON.stringify(value)}`;
  if (type !== 'name') return undefined;
  if (value === 'incident') return 'violation.kind in ["process", "file"]';
  if (value === 'threat') return 'violation.kind == "threat"';
  if (value === 'violation') return 'violation.kind == "network"';
  return `violation.name == ${JSON.stringify(value)}`;
}

function document(kind: string, name: string, spec: object): object {
  return { apiVersion: 'tocsin.dev/v1', kind, metadata: { name }, spec };
}

/** Names are those of Kubernetes; what was cut stays different by a hash. */
function plainName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (plain.length <= 50) return plain === '' ? 'rule' : plain;
  return `${plain.slice(0, 41)}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
}
