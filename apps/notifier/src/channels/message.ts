import { severityName, type Digest } from '@tocsin/domain';
import { EventType } from '@tocsin/event-log';
import { factsOf, talkers, type Facts } from '../formats/facts.js';
import type { Told } from '../formats/format.js';
import { oneLine, shorten } from '../formats/text.js';
import type { Delivery } from './channel.js';

/** What a channel with a shape of its own says of an event. All text is one line each, and free of controls. */
export interface Message {
  told: Told;
  facts: Facts;
  /** `Critical: Shell in a container (shop/web)`. */
  title: string;
  /** One sentence. */
  text: string;
  /** OCSF caption. */
  severity: string;
  /** Name and value, for people; values are at most `FIELD_MAX` long. */
  fields: [name: string, value: string][];
  /** Where people read more; undefined where `publicUrl` is not configured. */
  link: string | undefined;
}

const FIELD_MAX = 500;
const TITLE_MAX = 200;
const TEXT_MAX = 2_000;

export function messageOf(delivery: Delivery, publicUrl: string | undefined): Message {
  const told = toldOf(delivery);
  const facts = factsOf(told);
  const severity = severityName(facts.severityId);
  return {
    told,
    facts,
    title: shorten(oneLine(`${severity}: ${facts.name}`), TITLE_MAX),
    text: shorten(oneLine(facts.message), TEXT_MAX),
    severity,
    fields: fieldsOf(told, facts).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, shorten(oneLine(String(value)), FIELD_MAX)] as [string, string]],
    ),
    link: linkOf(told, publicUrl),
  };
}

const EVENTS: Readonly<Record<string, Told['events']>> = {
  [EventType.Violation]: 'violations',
  [EventType.Incident]: 'incidents',
  [EventType.Action]: 'actions',
  [EventType.Digest]: 'digests',
};

/** The pipeline has seen to it that the data is of the type. */
export function toldOf({ event, data }: Delivery): Told {
  return { events: EVENTS[event.type] ?? 'violations', data } as Told;
}

function fieldsOf({ events, data }: Told, facts: Facts): [string, string | number | undefined][] {
  if (events === 'digests') return fieldsOfDigest(data);
  return [
    ['Status', facts.outcome],
    ['Cluster', facts.cluster],
    ['Workload', [facts.namespace, facts.workload].filter((part) => part !== undefined && part !== '').join('/')],
    ['Pod', facts.pod],
    ['Node', facts.node],
    ['Image', facts.image],
    ['Process', facts.commandLine ?? facts.process],
    ['Violations', events === 'incidents' ? facts.count : undefined],
    ['Rule', events === 'actions' ? undefined : facts.class],
    ['Policy', facts.policy],
    ['Target', facts.target],
    ['ATT&CK', facts.attacks],
    ['By', facts.actor],
    ['Comment', facts.comment],
  ];
}

function fieldsOfDigest(digest: Digest): [string, string | number | undefined][] {
  const group = Object.entries(digest.group).map(([field, value]) => `${field}=${value}`);
  const severities = Object.entries(digest.severities).map(([name, count]) => `${count} ${name}`);
  return [
    ['Events', `${digest.count} ${digest.events}`],
    ['Group', group.join(', ')],
    ['Severities', severities.join(', ')],
    ['Names', talkers(digest.names)],
    ['Workloads', talkers(digest.workloads)],
    ['From', digest.first_seen],
    ['Until', digest.last_seen],
    ['Unresolved', digest.unresolved],
  ];
}

/** The console's page, or for a digest its list of what the digest stands for. */
function linkOf({ events, data }: Told, publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined) return undefined;
  switch (events) {
    case 'incidents':
      return `${publicUrl}/incidents/${encodeURIComponent(data.id)}`;
    case 'actions':
      return data.incident === undefined ? `${publicUrl}/actions` : `${publicUrl}/incidents/${encodeURIComponent(data.incident)}`;
    case 'violations':
      return `${publicUrl}/v1/violations/${encodeURIComponent(data.id)}`;
    case 'digests':
      return `${publicUrl}/incidents?since=${encodeURIComponent(data.first_seen)}`;
  }
}
