import { digestId, type Digest } from '@tocsin/domain';
import { merged, topTalkers, type Tally } from './tally.js';

/** What was told of a group: JSON, as it is in the store. */
export interface ToldState {
  /** When the group was first told of, which makes ids of one that comes back after it was forgotten others. RFC 3339. */
  since: string;
  /** Of the last digest. */
  number: number;
  /** When that was, RFC 3339. */
  at: string;
}

export interface DigestInput {
  subscription: string;
  events: Digest['events'];
  kind: 'storm' | 'group';
  /** JSON of field and value. */
  group: string;
  /** Of each partition. */
  tallies: readonly Tally[];
  told: ToldState | undefined;
  /** RFC 3339. */
  now: string;
}

/** The next digest of a group, and what is remembered of it. The same input gives the same digest. */
export function nextDigest(input: DigestInput): { digest: Digest; told: ToldState } {
  const { subscription, events, kind, group, tallies, now } = input;
  const tally = tallies.reduce((all, one) => merged(all, one));
  const told: ToldState = { since: input.told?.since ?? now, number: (input.told?.number ?? 0) + 1, at: now };
  const unresolved = Object.keys(tally.open).length;
  const reason = tally.count === 0 ? 'repeat' : kind;
  const names = topTalkers(tally.names, tally.otherNames);
  const fields = JSON.parse(group) as Record<string, string>;
  const digest: Digest = {
    schema: 1,
    id: digestId(subscription, `${group}/${told.since}`, told.number),
    subscription,
    events,
    reason,
    summary: summaryOf({ reason, events, count: tally.count, fields, names, unresolved }),
    group: fields,
    count: tally.count,
    severity_id: tally.worst,
    severities: tally.severities,
    names,
    workloads: topTalkers(tally.workloads, tally.otherWorkloads),
    ...(events === 'incidents' && kind === 'group' && { unresolved }),
    sample: tally.sample,
    first_seen: tally.first ?? told.since,
    last_seen: tally.last ?? now,
    time: now,
  };
  return { digest, told };
}

interface SummaryParts {
  reason: Digest['reason'];
  events: Digest['events'];
  count: number;
  fields: Record<string, string>;
  names: Digest['names'];
  unresolved: number;
}

function summaryOf({ reason, events, count, fields, names, unresolved }: SummaryParts): string {
  const where = Object.values(fields).filter((value) => value !== '');
  const of = where.length === 0 ? '' : ` of ${where.join(', ')}`;
  if (reason === 'repeat') return `${unresolved} incidents${of} are still unresolved.`;
  const leaders = names.values.slice(0, 3).map(({ value, count: times }) => `${value} (${times})`);
  const rest = names.values.slice(3).reduce((sum, { count: times }) => sum + times, names.others);
  const most = [...leaders, ...(rest > 0 ? [`others (${rest})`] : [])].join(', ');
  return `${count} ${count === 1 ? events.slice(0, -1) : events}${of}${reason === 'storm' ? ', more than are told one by one' : ''}: ${most}.`;
}
