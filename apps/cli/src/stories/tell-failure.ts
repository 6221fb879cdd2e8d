import { relative } from 'node:path';
import { STORY_START, type Moment } from '@tocsin/policy';
import type { Result } from './cases.js';
import { offsetText, type Difference, type Facts } from './compare.js';
import type { Explained } from './outcome.js';

/** A longer list hides what it should show. */
const LINES_MAX = 20;

/** What differs, and the story with what matched each event; for people. */
export function tellFailure({ case: { name, file, line }, differences, outcome }: Result): string[] {
  const explained = outcome?.explained;
  return [
    `FAILED ${name} (${relative('', file)}:${line})`,
    ...differences.flatMap((difference) => tellDifference(difference, explained)),
    '  what happened:',
    ...cut(
      joined(outcome?.story ?? [], explained).map((text) => `    ${text}`),
      '    ',
    ),
  ];
}

/** `-` was expected, `+` was found, as in a diff. */
export function tellDifference({ what, expected, found, differs, incident }: Difference, explained: Explained | undefined): string[] {
  if (what === 'command') return [`  ! a command had no effect: ${text(found ?? {}, 'refused')}`];
  if (expected === undefined) return [`  + ${what} ${show(found ?? {})} was not expected`, ...members(incident, explained)];
  if (found === undefined) return [`  - ${what} ${show(expected)} did not come`];
  const ways = (differs ?? []).map((key) => `${key} is ${text(found, key)}, expected ${text(expected, key)}`);
  return [`  - ${what} ${show(expected)}`, `  + ${what} ${show(found)}`, `    ${ways.join('; ')}`, ...members(incident, explained)];
}

function members(incident: string | undefined, explained: Explained | undefined): string[] {
  const trail = incident === undefined ? [] : (explained?.trails.get(incident) ?? []);
  if (trail.length === 0) return [];
  const lines = trail.map(({ violation, rule }) => `      ${at(Date.parse(violation.time))}  ${violation.name}  by ${rule}`);
  return ['    it holds:', ...cut(grouped(lines), '      ')];
}

/** Values that are nearly always the same say nothing. */
const PLAIN: Facts = { late: '0', muted: 'false' };

function show(facts: Facts): string {
  const texts = Object.entries(facts)
    .filter(([key, value]) => PLAIN[key] !== value && key !== 'title')
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : show(value)}`);
  return `{ ${texts.join(', ')} }`;
}

/** `key` may be `group.workload.name`. */
function text(facts: Facts, key: string): string {
  const whole = facts[key];
  if (typeof whole === 'string') return whole;
  const dot = key.indexOf('.');
  const part = dot === -1 ? undefined : facts[key.slice(0, dot)];
  return (typeof part === 'object' ? part[key.slice(dot + 1)] : undefined) ?? 'absent';
}

function joined(story: readonly Moment[], explained: Explained | undefined): string[] {
  return grouped(
    story.map(({ time, violation, command }) => {
      if (command !== undefined) return `${at(time)}  ${command.actor} says ${command.type} (${command.rule})`;
      if (violation === undefined) return `${at(time)}  time passes`;
      const { namespace, name } = violation.workload;
      const where = [namespace, name].filter(Boolean).join('/') || (violation.node?.name ?? '');
      const matches = explained?.matches.get(violation.id) ?? [];
      return `${at(time)}  ${violation.name} (${where})  ${matches.length === 0 ? 'no rule matches' : `matches ${matches.join(', ')}`}`;
    }),
  );
}

function at(time: number): string {
  return offsetText(time - STORY_START).padStart(6);
}

/** Lines that differ in their time alone are told as the first of them, and how many more there are. */
function grouped(lines: readonly string[]): string[] {
  const TIME = /^\s*\S+\s+/;
  const result: { line: string; rest: string; more: number; last: string }[] = [];
  for (const line of lines) {
    const rest = line.replace(TIME, '');
    const before = result.at(-1);
    if (before?.rest === rest) Object.assign(before, { more: before.more + 1, last: line.trim().split(' ', 1)[0] });
    else result.push({ line, rest, more: 0, last: '' });
  }
  return result.map(({ line, more, last }) => (more === 0 ? line : `${line}  (and ${more} more, the last at ${last})`));
}

function cut(lines: readonly string[], indent: string): string[] {
  return lines.length <= LINES_MAX ? [...lines] : [...lines.slice(0, LINES_MAX), `${indent}… and ${lines.length - LINES_MAX} more`];
}
