import { canonicalJson, VIOLATION_SCHEMA, violationId, type SeverityId, type Violation } from '@tocsin/domain';
import type { RawEvent, StoryEvent } from './schema.js';

/** When every story begins. */
export const STORY_START = Date.UTC(2026, 0, 1, 12);

/** One moment of a story; `violation` and `command` are absent where only time passes. */
export interface Moment {
  /** Milliseconds since 1970. */
  time: number;
  /** Which of the story's events it comes from. */
  index: number;
  violation?: Violation;
  command?: NonNullable<StoryEvent['command']>;
}

const MEDIUM: SeverityId = 3;

/** What a source makes of a sensor's event; it may hold several. Throws when it cannot read it. */
export type Decode = (raw: RawEvent) => readonly Violation[];

/** The moments of a story in the order of their time; those of one time in the order in which they are written. */
export function playOut(events: readonly StoryEvent[], decode: Decode): Moment[] {
  const moments: Moment[] = [];
  let at = 0;
  for (const [index, event] of events.entries()) {
    at = event.at ?? at;
    const contents = contentsOf(event, decode);
    for (let n = 0; n < event.repeat; n++) {
      const time = STORY_START + at + n * event.every;
      if (event.command !== undefined) moments.push({ time, index, command: event.command });
      else if (contents.length === 0) moments.push({ time, index });
      else moments.push(...contents.map((content, part) => ({ time, index, violation: happening(content, time, moments.length + part) })));
    }
  }
  return moments.toSorted((a, b) => a.time - b.time);
}

/** What a violation is without its time. */
type Content = Omit<Violation, 'id' | 'time' | 'received_time'>;

/** None where only time passes. */
function contentsOf(event: StoryEvent, decode: Decode): Content[] {
  if (event.raw !== undefined) {
    return decode(event.raw).map(({ id: _id, time: _time, received_time: _received, ...content }) => lay(event.with ?? {}, content) as Content);
  }
  return isOnlyTime(event) ? [] : [lay(event.with ?? {}, plain(event)) as Content];
}

/** `serial` keeps repeats apart, as a sensor's own id would. `with` may have said another time: of a late event. */
function happening(content: Content & { time?: string }, time: number, serial: number): Violation {
  const written = new Date(time).toISOString();
  const timed = { received_time: written, ...content, time: content.time === undefined ? written : new Date(content.time).toISOString() };
  return { ...timed, id: violationId(content.source, content.cluster, canonicalJson([content, serial]), timed.time) };
}

function isOnlyTime({ at: _at, repeat: _repeat, every: _every, command: _command, ...fields }: StoryEvent): boolean {
  return Object.values(fields).every((field) => field === undefined);
}

/** What is not said is plain. */
function plain(event: StoryEvent): Record<string, unknown> {
  return {
    schema: VIOLATION_SCHEMA,
    source: event.source ?? 'falco',
    kind: event.kind ?? 'process',
    name: event.name ?? 'Event of a test',
    message: event.message ?? event.name ?? '',
    severity_id: event.severity ?? MEDIUM,
    cluster: event.cluster ?? 'test',
    workload: { namespace: event.namespace ?? 'default', name: event.workload ?? 'app' },
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
