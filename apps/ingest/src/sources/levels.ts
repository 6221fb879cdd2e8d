import { severityId, type SeverityId } from '@tocsin/domain';

/** The levels of syslog, which Falco and NeuVector share, and their short forms. */
const LEVELS = new Map<string, SeverityId>([
  ['emergency', 6],
  ['emerg', 6],
  ['alert', 5],
  ['critical', 5],
  ['crit', 5],
  ['error', 4],
  ['err', 4],
  ['warning', 3],
  ['warn', 3],
  ['notice', 2],
  ['informational', 1],
  ['information', 1],
  ['info', 1],
  ['debug', 1],
]);

/** For messages to people. */
export const KNOWN_LEVELS = 'Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug';

/** Reads a level in any case; undefined when there is none of that name. */
export function fromLevel(name: string): SeverityId | undefined {
  return name.length > 16 ? undefined : LEVELS.get(name.toLowerCase());
}

/** Reads a level or an OCSF caption in any case. Where both know a word (`critical`, `informational`) they agree. */
export function fromLevelOrCaption(name: string): SeverityId | undefined {
  return fromLevel(name) ?? (name.length > 16 ? undefined : severityId(name));
}
