import { commandId, type Incident, type IncidentCommandBody, RESOLUTION_REASONS } from '@tocsin/domain';
import type { SaidBack } from '../channels/channel.js';
import type { CaseStatus } from './system.js';

/** What a ticket shows after somebody changed it. */
export interface SeenCase {
  status: CaseStatus;
  /** Undefined: the system does not say; null: nobody. */
  assignee?: string | null;
  /** What the system says of how it ended. */
  resolution?: string | undefined;
  /** Who changed it. */
  actor: string;
  /** RFC 3339. */
  time: string;
}

/** What the ticket showed when it was last looked at, or where we left it. */
export interface KnownCase {
  status: CaseStatus;
  assignee: string | null;
}

/** Comments for Tocsin begin with this word. */
export const COMMENT_MARK = '/tocsin';

/**
 * What somebody means by a change of a ticket, as commands about its incident. Only what differs from what is known of the
 * ticket was said by somebody: that a ticket is not where its incident is may as well mean that it was not told yet, or has
 * no way there. What the incident already is says nothing. The rule for conflicts: the last one who says something wins, here
 * as in the console. `change` is what makes the ids, so that the same change has one effect.
 */
export function saidByChange(incident: Incident, known: KnownCase, seen: SeenCase, change: string): SaidBack[] {
  const bodies: IncidentCommandBody[] = [];
  const resolved = incident.status === 'resolved';
  const moved = seen.status !== known.status;
  if (moved && seen.status === 'done' && !resolved)
    bodies.push({ type: 'resolve', reason: reasonOf(seen.resolution), comment: commentOf(seen.resolution) });
  if (moved && seen.status !== 'done' && resolved) bodies.push({ type: 'reopen', comment: 'Reopened in the ticket.' });
  if (moved && seen.status === 'in_progress' && incident.status === 'open') bodies.push({ type: 'acknowledge' });
  const assigned = seen.assignee !== undefined && seen.assignee !== known.assignee;
  if (assigned && (seen.assignee ?? '') !== (incident.assignee ?? '')) bodies.push({ type: 'assign', assignee: seen.assignee ?? '' });
  return bodies.map((body) => command(incident.id, body, seen, `${change}/${body.type}`));
}

/** A comment that is marked for Tocsin is a note; all others are between people. */
export function saidByComment(incident: Incident, text: string, seen: Pick<SeenCase, 'actor' | 'time'>, change: string): SaidBack[] {
  const trimmed = text.trim();
  if (trimmed !== COMMENT_MARK && !trimmed.startsWith(`${COMMENT_MARK} `) && !trimmed.startsWith(`${COMMENT_MARK}\n`)) return [];
  const comment = trimmed.slice(COMMENT_MARK.length).trim().slice(0, COMMENT_MAX);
  return comment === '' ? [] : [command(incident.id, { type: 'note', comment }, seen, change)];
}

const COMMENT_MAX = 2_000;

function command(incident: string, body: IncidentCommandBody, { actor, time }: Pick<SeenCase, 'actor' | 'time'>, change: string): SaidBack {
  return { id: commandId(incident, change), incident, body, actor: actor.slice(0, 100) || 'ticket', time };
}

/** Resolutions have names of each system's own; those that say it plainly are taken at their word. */
function reasonOf(resolution: string | undefined): (typeof RESOLUTION_REASONS)[number] {
  const plain = (resolution ?? '').toLowerCase().replaceAll(/[^a-z]+/g, '_');
  const named = RESOLUTION_REASONS.find((reason) => plain.includes(reason));
  if (named !== undefined) return named;
  return /wont|won_t|cannot_reproduce|not_a/.test(plain) ? 'false_positive' : 'other';
}

function commentOf(resolution: string | undefined): string {
  return resolution === undefined ? 'Resolved in the ticket.' : `Resolved in the ticket: ${resolution.slice(0, 200)}.`;
}
