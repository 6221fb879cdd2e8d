import { relative } from 'node:path';
import { counted } from '../command.js';
import type { EventExplanation, Explanation, IncidentExplanation } from './explanation.js';
import type { Reason } from '@tocsin/policy';

/** More events, of which nothing came, would hide the others. */
const UNMATCHED_MAX = 20;

export function explanationText({ rule, needs, events, incidents }: Explanation): string {
  const matched = events.filter(({ conditions }) => conditions.some(({ matches }) => matches));
  let unmatched = 0;
  const told = events.filter((event) => matched.includes(event) || ++unmatched <= UNMATCHED_MAX);
  return [
    `Rule "${rule.name}" (${rule.kind}${rule.enabled ? '' : ', not in force'}), ${relative('', rule.file)}:${rule.line}: ${rule.title}`,
    '',
    ...told.flatMap((event) => [...eventLines(event, events.indexOf(event) + 1), '']),
    ...(unmatched > UNMATCHED_MAX ? [`… and ${counted(unmatched - UNMATCHED_MAX, 'more event')} that nothing matches.`, ''] : []),
    ...(incidents.length === 0 ? nothingLines(needs, matched, events.length) : incidents.flatMap(incidentLines)),
    '',
  ].join('\n');
}

function eventLines({ time, name, where, conditions, group, value }: EventExplanation, number: number): string[] {
  return [
    `Event ${number}: ${name}${where === '' ? '' : ` (${where})`} at ${time}`,
    ...conditions.flatMap(({ rule, matches, reasons }) => [
      `  ${matches ? 'matches' : 'does not match'} "${rule}"${matches ? '' : ':'}`,
      ...reasons.flatMap((reason) => reasonLines(reason, matches)),
    ]),
    ...(Object.keys(group).length === 0 ? [] : [`  counts under ${groupText(group)}`]),
    ...(value === undefined
      ? []
      : [`  ${value.value === '' ? `does not count: it has no ${value.field}` : `counts the ${value.field} ${value.value}`}`]),
  ];
}

function reasonLines({ text, holds, negated, found, mistyped }: Reason, passes: boolean): string[] {
  const values = found.map(({ field, value }) => (found.length === 1 ? value : `${field} ${value}`)).join(', ');
  const note = mistyped ? ', which cannot be compared so' : '';
  const bare = holds ? 'holds' : 'does not hold';
  const what = found.length === 0 ? bare : `found ${values}${note}`;
  return [`    ${passes ? '+' : '-'} ${negated ? 'not ' : ''}${text}`, `        ${what}`];
}

function incidentLines({ title, severity, count, group, reason, members, escalations }: IncidentExplanation): string[] {
  return [
    `It makes an incident: ${title}, ${severity}, of ${counted(count, 'violation')}`,
    `  ${reason}`,
    `  group: ${groupText(group)}`,
    ...members.map((member) => `  holds ${member.time}  ${member.name}  by "${member.rule}"`),
    ...escalations.flatMap(({ to, holds, reasons }) => [
      `  ${holds ? 'escalates' : 'does not escalate'} to ${to}`,
      ...reasons.flatMap((one) => reasonLines(one, holds)),
    ]),
  ];
}

function nothingLines(needs: string, matched: readonly EventExplanation[], events: number): string[] {
  if (matched.length === 0) return [`It makes no incident: ${events === 1 ? 'the event does not match' : `none of ${events} events matches`}.`];
  const groups = new Map<string, number>();
  for (const { group } of matched) groups.set(groupText(group), (groups.get(groupText(group)) ?? 0) + 1);
  return [
    `It makes no incident, which would take that ${needs}. What matched:`,
    ...[...groups].map(([group, count]) => `  ${counted(count, 'event')}${group === '' ? '' : ` under ${group}`}`),
  ];
}

function groupText(group: Readonly<Record<string, string>>): string {
  return Object.entries(group)
    .map(([name, value]) => `${name} ${value === '' ? '(none)' : value}`)
    .join(', ');
}
