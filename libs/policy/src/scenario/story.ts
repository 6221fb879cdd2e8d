import { canonicalJson, VIOLATION_SCHEMA, violationId, type SeverityId, type Violation } from '@tocsin/domain';
import type { StoryEvent } from './schema.js';

/** When every story begins. */
export const STORY_START = Date.UTC(2026, 0, 1, 12);

/** One moment of a story; `violation` and `command` are absent where only time passes. */
export interface Moment {
  /** Milliseconds since 1970. */
  time: number;
  violation?: Violation;
  command?: NonNullable<StoryEvent['command']>;
}

const MEDIUM: SeverityId = 3;

/** The moments of a story in the order of their time; those of one time in the order in which they are written. */
export function playOut(events: readonly StoryEvent[]): Moment[] {
  const moments: Moment[] = [];
  let at = 0;
  for (const event of events) {
    at = event.at ?? at;
    for (let n = 0; n < event.repeat; n++) {
      const time = STORY_START + at + n * event.every;
      if (event.command !== undefined) moments.push({ time, command: event.command });
      else if (isOnlyTime(event)) moments.push({ time });
      else moments.push({ time, violation: violationOf(event, time, moments.length) });
    }
  }
  return moments.toSorted((a, b) => a.time - b.time);
}

function isOnlyTime({ at: _at, repeat: _repeat, every: _every, command: _command, ...fields }: StoryEvent): boolean {
  return Object.values(fields).every((field) => field === undefined);
}

/** What is not said is plain; `serial` keeps repeats apart, as a sensor's own id would. */
function violationOf(event: StoryEvent, time: number, serial: number): Violation {
  const written = new Date(time).toISOString();
  const { namespace, workload } = event;
  const plain = {
    schema: VIOLATION_SCHEMA,
    source: event.source ?? 'falco',
    kind: event.kind ?? 'process',
    name: event.name ?? 'Event of a test',
    message: event.message ?? event.name ?? '',
    severity_id: event.severity ?? MEDIUM,
    time: written,
    received_time: written,
    cluster: event.cluster ?? 'test',
    workload: { namespace: namespace ?? 'default', name: workload ?? 'app' },
    ...(event.pod !== undefined && { pod: { name: event.pod } }),
    ...(event.container !== undefined && { container: { id: event.container } }),
    ...(event.image !== undefined && { image: { name: event.image } }),
    ...(event.node !== undefined && { node: { name: event.node } }),
    ...(event.user !== undefined && { user: { name: event.user } }),
    ...(event.process !== undefined && { process: { name: event.process } }),
    ...(event.file !== undefined && { file: { path: event.file } }),
    disposition: 'Detected',
    attacks: [],
    tags: [],
    count: 1,
    raw: '{}',
  };
  const content = lay(event.with ?? {}, plain) as Omit<Violation, 'id'>;
  return { ...content, id: violationId(content.source, content.cluster, canonicalJson([content, serial]), content.time) };
}

/** Maps are merged, everything else is replaced; null takes a field away. */
function lay(over: Readonly<Record<string, unknown>>, under: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const laid: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const below = laid[key];
    if (value === null) delete laid[key];
    else laid[key] = isMap(value) && isMap(below) ? lay(value, below) : value;
  }
  return laid;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
