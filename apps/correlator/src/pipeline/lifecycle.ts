import { RESPONDER_ACTOR, type ContainmentCommandBody, type Incident, type IncidentCommand } from '@tocsin/domain';
import { uniteHeld } from './incident.js';

/**
 * What may be said, in which state:
 *
 * - `acknowledge`: while open, and it becomes acknowledged; while contained and not acknowledged, and it stays contained.
 * - `assign`, `note`: always. The state stays.
 * - `resolve`: while not resolved. It takes no more timers; a member younger than the resolution reopens it.
 * - `reopen`: while resolved, other than by a merge. It becomes open, or contained where its targets still are; nobody is on it.
 * - `merge`: while not resolved, into another that is not resolved. It ends resolved; the other holds the union, and
 *   what would join this one joins that one.
 * - `contain`, `release`: always, by the responder alone, in their order. While it is not resolved it becomes contained, and after
 *   that acknowledged or open again. One that is resolved keeps its state, and remembers.
 *
 * Anything else is refused and changes nothing.
 */
export type Outcome = { changed: readonly Incident[] } | { refused: string };

/** `into` is the other incident of a merge, `moved` how many of its violations the other did not have. `now` is RFC 3339. */
export function applyCommand(incident: Incident, command: IncidentCommand, now: string, into?: Incident, moved = 0): Outcome {
  switch (command.type) {
    case 'acknowledge':
      return acknowledge(incident, command, now);
    case 'assign':
      return { changed: [assigned(said(incident, command, now, { change: 'assigned' }), command.assignee)] };
    case 'note':
      return { changed: [said(incident, command, now, { change: 'noted' })] };
    case 'resolve':
      if (incident.status === 'resolved') return { refused: 'it is resolved' };
      return { changed: [resolved(said(incident, command, now, {}), command.actor, command.reason, now, command.comment)] };
    case 'reopen': {
      if (incident.status !== 'resolved') return { refused: `it is ${incident.status}, and only a resolved incident can be reopened` };
      if (incident.merged_into !== undefined) return { refused: `it was merged into ${incident.merged_into}; reopen that one` };
      return { changed: [reopened(said(incident, command, now, { change: 'reopened' }))] };
    }
    case 'merge':
      return merge(incident, command, now, into, moved);
    case 'contain':
    case 'release':
      return follow(incident, command, now);
  }
}

/** It goes on as one that nobody has taken up. */
export function reopened({ resolution: _resolution, acknowledged_by: _by, ...incident }: Incident): Incident {
  return { ...incident, status: incident.containment?.since === undefined ? 'open' : 'contained' };
}

/** Ends an incident that nothing has joined for its rule's `resolveAfter`. */
export function quieted(incident: Incident, now: string): Incident {
  return resolved(changed(incident, now), 'tocsin', 'quiet', now);
}

function acknowledge(incident: Incident, command: IncidentCommand, now: string): Outcome {
  const { status, acknowledged_by: by } = incident;
  const parts = { change: 'acknowledged', acknowledged_by: command.actor } as const;
  if (status === 'open') return { changed: [said(incident, command, now, { ...parts, status: 'acknowledged' })] };
  if (status !== 'contained') return { refused: `it is ${status}, and only an open or contained incident can be acknowledged` };
  return by === undefined ? { changed: [said(incident, command, now, parts)] } : { refused: `${by} has acknowledged it` };
}

/** What became of the targets. */
function follow(incident: Incident, command: IncidentCommand & ContainmentCommandBody, now: string): Outcome {
  const { type, order, time } = command;
  if (command.actor !== RESPONDER_ACTOR) return { refused: 'only the responder knows what is cut off' };
  const { containment, status } = incident;
  if (containment !== undefined && containment.order >= order) return { refused: 'the responder has said something younger since' };
  const contains = type === 'contain';
  const before = containment?.since;
  const next = { containment: { order, ...(contains && { since: before ?? time }) } };
  if (contains === (before !== undefined)) return { changed: [{ ...changed(incident, now), ...next, change: 'updated' }] };
  const change = contains ? 'contained' : 'released';
  if (status === 'resolved') return { changed: [said(incident, command, now, { ...next, change })] };
  const freed = incident.acknowledged_by === undefined ? 'open' : 'acknowledged';
  return { changed: [said(incident, command, now, { ...next, change, status: contains ? 'contained' : freed })] };
}

function merge(incident: Incident, command: IncidentCommand, now: string, into: Incident | undefined, moved: number): Outcome {
  if (into === undefined) return { refused: 'the incident to merge it into does not exist' };
  if (into.id === incident.id) return { refused: 'an incident cannot be merged into itself' };
  if (incident.status === 'resolved') return { refused: 'it is resolved' };
  if (into.status === 'resolved') return { refused: 'the incident to merge it into is resolved' };
  const { count: _count, ...held } = uniteHeld(into, incident);
  const source = { ...resolved(said(incident, command, now, {}), command.actor, 'merged', now, command.comment), merged_into: into.id };
  const severity = Math.max(into.severity_id, incident.severity_id) as Incident['severity_id'];
  const target = said(into, command, now, { ...held, change: 'merged', count: into.count + moved, severity_id: severity });
  return { changed: [source, { ...target, comment: command.comment ?? `"${incident.title}" was merged into it.` }] };
}

function resolved(incident: Incident, by: string, reason: NonNullable<Incident['resolution']>['reason'], time: string, comment?: string): Incident {
  return { ...incident, change: 'resolved', status: 'resolved', resolution: { reason, by, time, ...(comment !== undefined && { comment }) } };
}

function assigned(incident: Incident, assignee: string): Incident {
  const { assignee: _, ...rest } = incident;
  return assignee === '' ? rest : { ...rest, assignee };
}

function said(incident: Incident, command: IncidentCommand, now: string, parts: Partial<Incident>): Incident {
  const { comment } = command;
  return { ...changed(incident, now), actor: command.actor, ...(comment !== undefined && { comment }), ...parts };
}

/** The next version; who made the last one and what they said is in the history. */
export function changed({ actor: _actor, comment: _comment, ...incident }: Incident, now: string): Incident {
  return { ...incident, version: incident.version + 1, updated_at: now };
}
