import { hash } from 'node:crypto';
import { parse } from 'uuid';

/**
 * Every id is a uuidv5 of what it stands for, so that a replay finds the id it made before.
 * The namespaces are arbitrary but for ever: changing one changes all ids of its kind.
 */
const NAMESPACE = {
  violation: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c01')),
  incident: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c02')),
  action: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c03')),
  delivery: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c04')),
  command: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c05')),
  digest: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c07')),
  evidence: Buffer.from(parse('0b8a2a43-5a0e-5c0c-9e0b-6d0a5a5a1c06')),
} as const;

/** Longer ones have bytes of their own. */
const scratch = Buffer.allocUnsafe(4096);

/** RFC 9562 section 5.5. The package's own makes a hash object for each, which takes three times as long; every event has several ids. */
function uuidv5(name: string, namespace: Buffer): string {
  const most = namespace.length + name.length * 3;
  const bytes = most <= scratch.length ? scratch : Buffer.allocUnsafe(most);
  const end = namespace.copy(bytes) + bytes.write(name, namespace.length);
  const hex = hash('sha1', bytes.subarray(0, end), 'hex');
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Joins parts so that no two lists of parts give the same text: ['a', 'bc'] is not ['ab', 'c']. */
function join(parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** `identity` is the sensor's own id, or the canonical content where it has none; `time` is the sensor's. */
export function violationId(source: string, cluster: string, identity: string, time: string): string {
  return uuidv5(join([source, cluster, identity, time]), NAMESPACE.violation);
}

/**
 * `grouping` says by what the rule groups, `group` are the values, `anchor` names the period, see correlator. The rule's
 * conditions are not in it, so that an incident goes on when its rule is tuned.
 */
export function incidentId(rule: string, grouping: string, group: string, anchor: string): string {
  return uuidv5(join([rule, grouping, group, anchor]), NAMESPACE.incident);
}

/** `subject` is the id of the incident or violation that is answered, `target` the action's key on the log. */
export function actionId(subject: string, policy: string, step: string, target: string): string {
  return uuidv5(join([subject, policy, step, target]), NAMESPACE.action);
}

/** `event` is a violation's id, or an incident's or action's id and version. */
export function deliveryId(event: string, subscription: string): string {
  return uuidv5(join([event, subscription]), NAMESPACE.delivery);
}

/** `key` is what the caller gave so that saying it again says it once. */
export function commandId(target: string, key: string): string {
  return uuidv5(join([target, key]), NAMESPACE.command);
}

/** `action` is the id of the action that collected it, `name` is unique within. */
export function evidenceId(action: string, name: string): string {
  return uuidv5(join([action, name]), NAMESPACE.evidence);
}

/** `group` is the group as text, `number` grows with each digest of it. */
export function digestId(subscription: string, group: string, number: number): string {
  return uuidv5(join([subscription, group, String(number)]), NAMESPACE.digest);
}

/** JSON with sorted keys: the same content gives the same text whatever order a sensor wrote it in. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`);
  return `{${entries.join(',')}}`;
}
