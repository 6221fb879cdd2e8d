import type { Action, Artefact, Case, Delivery, Evidence, HistoryEntry } from '../api/types.js';
import { SEVERITIES, STATE_WORDS, STATUS_WORDS, count, plain } from '../words.js';
import type { IconName } from '../ui/icon.js';

export type EntryKind = 'violation' | 'incident' | 'action' | 'delivery';

export interface Entry {
  id: string;
  kind: EntryKind;
  time: string;
  icon: IconName;
  title: string;
  detail: string;
  severity?: number;
  /** How many in a row it stands for, when more than one. */
  times?: number;
  /** Of the first of these. */
  since?: string;
}

interface Parts {
  evidence: readonly Evidence[];
  history: readonly HistoryEntry[];
  actions: readonly Action[];
  artefacts: readonly Artefact[];
  deliveries: readonly Delivery[];
  cases: readonly Case[];
}

/** All that happened, newest first; violations of one name, and deliveries to one subscription, in a row are one entry. */
export function timeline({ evidence, history, actions, artefacts, deliveries, cases }: Parts): Entry[] {
  const entries = [
    ...evidence.map(ofViolation),
    ...history.filter(({ change }) => change !== 'updated').map(ofHistory),
    ...actions.map(ofAction),
    ...artefacts.map(ofArtefact),
    ...deliveries.map(ofDelivery),
    ...cases.map(ofCase),
  ].toSorted((a, b) => (a.time < b.time ? 1 : -1));
  return collapse(entries);
}

function collapse(entries: readonly Entry[]): Entry[] {
  const rows: Entry[] = [];
  for (const entry of entries) {
    const last = rows.at(-1);
    if (last !== undefined && (entry.kind === 'violation' || entry.kind === 'delivery') && last.kind === entry.kind && last.title === entry.title) {
      rows[rows.length - 1] = { ...last, times: (last.times ?? 1) + 1, since: entry.time };
    } else rows.push(entry);
  }
  return rows;
}

function ofViolation({ id, time, rule, late, violation }: Evidence): Entry {
  return {
    id: `v ${id} ${rule}`,
    kind: 'violation',
    time,
    icon: 'violation',
    title: violation?.name ?? 'A violation that is no longer kept',
    detail: [violation?.process?.cmd_line ?? violation?.message, late ? 'came late' : undefined].filter(Boolean).join(' · '),
    ...(violation !== undefined && { severity: violation.severity_id }),
  };
}

function ofHistory({ version, time, change, actor, comment, from_status: from, to_status: to, severity_id: severity }: HistoryEntry): Entry {
  const by = actor === null ? '' : ` by ${actor}`;
  const moved = from !== null && from !== to ? `${STATUS_WORDS[from]} → ${STATUS_WORDS[to]}` : '';
  const grown = change === 'escalated' || change === 'de_escalated' ? `now ${SEVERITIES[severity] ?? ''}` : '';
  return {
    id: `h ${version} ${change}`,
    kind: 'incident',
    time,
    icon: actor === null ? 'incidents' : 'person',
    title: `${plain(change)}${by}`,
    detail: [moved, grown, comment ?? ''].filter((part) => part !== '').join(' · '),
  };
}

function ofAction({ id, version, time, type, state, target, reason }: Action): Entry {
  return {
    id: `a ${id} ${version}`,
    kind: 'action',
    time,
    icon: 'actions',
    title: `${plain(type)} of ${target.name}: ${STATE_WORDS[state].toLowerCase()}`,
    detail: reason,
  };
}

function ofArtefact({ id, name, collected_at: time, intact }: Artefact): Entry {
  return { id: `e ${id}`, kind: 'action', time, icon: 'download', title: `Evidence collected: ${name}`, detail: intact ? '' : 'It is not intact.' };
}

const DELIVERED = { delivered: 'Told', pending: 'Not told yet', dead: 'Refused' } as const;

function ofDelivery({ id, subscription, state, attempts, last_attempt: time, last_failure: failure }: Delivery): Entry {
  const failed = state === 'delivered' ? '' : (failure?.message ?? '');
  const tries = attempts > 1 ? count(attempts, 'attempt') : '';
  return {
    id: `d ${id}`,
    kind: 'delivery',
    time,
    icon: 'send',
    title: `${DELIVERED[state]}: ${subscription}`,
    detail: [failed, tries].filter((part) => part !== '').join(' · '),
  };
}

function ofCase({ subscription, name, state, updated_at: time, reason }: Case): Entry {
  const detail = [`by ${subscription}`, reason ?? ''].filter((part) => part !== '').join(' · ');
  return {
    id: `c ${subscription}`,
    kind: 'delivery',
    time,
    icon: 'ticket',
    title: `Ticket${name === undefined ? '' : ` ${name}`}: ${state}`,
    detail,
  };
}
