import { COMMENT_MAX, commandId, type IncidentCommandBody, type ResolutionReason, RESOLUTION_REASONS } from '@tocsin/domain';
import { oneLine, shorten } from '../../formats/text.js';
import type { SaidBack } from '../channel.js';
import type { Row } from './api.js';
import type { Case } from './case.js';
import type { ServicenowConfig } from './config.js';

/**
 * What people said by changing a ticket, told by comparing it with what Tocsin last knew of it and of its incident, never by who or what
 * changed it: then our own changes say nothing, and neither repeats nor an order that was mixed up do harm. Of two changes at once
 * the later one that is seen wins. The ids hold the ticket's count of changes, so that the same is said once.
 */
export function saidBy(incident: string, row: Row, known: Case, config: ServicenowConfig): SaidBack[] {
  const column = (name: string): string => row[name]?.value ?? '';
  const { resolved, closed, inProgress } = config.states;
  const state = column('state');
  const isOver = state === resolved || closed.includes(state);
  const actor = shorten(oneLine(column('sys_updated_by')), 100) || 'servicenow';
  const bodies: IncidentCommandBody[] = [];
  if (isOver && !known.resolved && known.status !== 'resolved') bodies.push(resolution(row, config));
  if (!isOver && known.resolved && known.status === 'resolved') bodies.push({ type: 'reopen', ...commented(`${column('number')} was reopened.`) });
  // A ticket that we reopened is in progress, too, and nobody is on it.
  if (state === inProgress && known.ticket !== state && known.status === 'open' && !known.resolved) bodies.push({ type: 'acknowledge' });
  const assignee = shorten(oneLine(row['assigned_to']?.display_value ?? ''), 100);
  const isNew = assignee !== (known.assignee ?? '') || known.assigneeAt === column('sys_mod_count');
  if (isNew && (assignee !== '' || known.assignee !== undefined)) bodies.push({ type: 'assign', assignee });
  const time = rfc3339(column('sys_updated_on'));
  return bodies.map((body) => {
    const id = commandId(incident, `servicenow/${column('sys_id')}/${column('sys_mod_count')}/${body.type}`);
    return { id, actor, time, incident, body };
  });
}

/** Journal entries that begin with the prefix become notes; each has an id of its own. */
export function notesIn(incident: string, entries: readonly Row[], { notePrefix }: ServicenowConfig): SaidBack[] {
  return entries.flatMap((entry): SaidBack[] => {
    const value = entry['value']?.value ?? '';
    const comment = shorten(value.slice(notePrefix.length).trim(), COMMENT_MAX);
    if (!value.startsWith(notePrefix) || comment === '') return [];
    const id = commandId(incident, `servicenow/note/${entry['sys_id']?.value ?? ''}`);
    const actor = shorten(oneLine(entry['sys_created_by']?.value ?? ''), 100) || 'servicenow';
    return [{ id, actor, time: rfc3339(entry['sys_created_on']?.value ?? ''), incident, body: { type: 'note', comment } }];
  });
}

function resolution(row: Row, { closeCodes }: ServicenowConfig): IncidentCommandBody {
  const code = row['close_code']?.value ?? '';
  const named = (Object.entries(closeCodes) as [ResolutionReason, string][]).find(([, one]) => one === code)?.[0];
  const reason = RESOLUTION_REASONS.find((one) => one === named) ?? 'other';
  const notes = [row['number']?.value, code, row['close_notes']?.value].filter((part) => part !== undefined && part !== '').join(': ');
  return { type: 'resolve', reason, ...commented(notes) };
}

function commented(text: string): { comment?: string } {
  const comment = shorten(oneLine(text), COMMENT_MAX);
  return comment === '' ? {} : { comment };
}

/** ServiceNow's times are UTC without saying so. */
function rfc3339(time: string): string {
  const parsed = Date.parse(`${time.replace(' ', 'T')}Z`);
  return new Date(Number.isNaN(parsed) ? 0 : parsed).toISOString();
}
