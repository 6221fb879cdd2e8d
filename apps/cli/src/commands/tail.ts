import { setTimeout as sleep } from 'node:timers/promises';
import { severityName, type Action, type Incident } from '@tocsin/domain';
import { Api, API_OPTIONS, API_USAGE, ApiError, queryOf } from '../api.js';
import { OUTPUT, UsageError, oneLine, textOption, type Command, type Given, type Terminal } from '../command.js';

/** A stream that broke is asked for again; each time that fails in a row it takes longer. */
const AGAIN_MS = 500;
const AGAIN_MOST_MS = 10_000;

export const tail: Command = {
  name: 'tail',
  summary: 'Tells changes of incidents and actions as they happen, until it is interrupted.',
  usage: `[options]

Goes on where it was when the connection breaks. What was missed meanwhile and is no longer known is told as "reset".

  --type <type>      incident or action alone
  --severity <name>  this severity or a higher one
  --incident <id>    of this incident, and of its actions
  --for <seconds>    ends by itself after so long, at most 3600
  -o, --output       text, or json: one object a line, { "event", "data" }
${API_USAGE}`,
  options: {
    ...API_OPTIONS,
    type: { type: 'string' },
    severity: { type: 'string' },
    incident: { type: 'string' },
    for: { type: 'string' },
    output: OUTPUT,
  },
  async run(given, terminal) {
    const seconds = textOption(given, 'for');
    if (seconds !== undefined && !(Number(seconds) >= 0)) throw new UsageError('--for expects seconds');
    if (textOption(given, 'output') === 'yaml') throw new UsageError('changes are told as text or as json');
    const interrupted = terminal.interrupted();
    await follow(given, terminal, seconds === undefined ? interrupted : AbortSignal.any([interrupted, AbortSignal.timeout(Number(seconds) * 1000)]));
    return 0;
  },
};

async function follow(given: Given, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const api = new Api(given);
  const wanted = { type: textOption(given, 'type'), severity: textOption(given, 'severity'), incident: textOption(given, 'incident') };
  const json = textOption(given, 'output') === 'json';
  let after: string | undefined;
  let reached = false;
  for (let wait = AGAIN_MS; !signal.aborted; wait = Math.min(2 * wait, AGAIN_MOST_MS)) {
    try {
      for await (const event of eventsOf(api.stream(`/v1/events${queryOf({ ...wanted, after })}`, signal))) {
        reached = true;
        wait = AGAIN_MS;
        after = event.id ?? after;
        if (event.event !== undefined && event.data !== undefined)
          terminal.out(json ? `${asLine(event.event, event.data)}\n` : told(event.event, event.data));
      }
    } catch (error) {
      if (signal.aborted) return;
      // What was wrong from the start is no break; nor is what the API refuses.
      if (!reached || (error instanceof ApiError && error.status < 500 && error.status !== 429)) throw error;
      terminal.err('The connection broke; asking again.\n');
    }
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
}

interface Told {
  event?: string;
  id?: string;
  data?: string;
}

/** Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html, as far as the API sends them: one line a field. */
async function* eventsOf(chunks: AsyncIterable<string>): AsyncGenerator<Told> {
  let text = '';
  for await (const chunk of chunks) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const fields = text.slice(0, end).split('\n');
      text = text.slice(end + 2);
      yield Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 2)]));
    }
  }
}

function asLine(event: string, data: string): string {
  return JSON.stringify({ event, data: JSON.parse(data) as unknown });
}

function told(event: string, data: string): string {
  if (event === 'reset') return 'reset     what was missed is no longer known; look at "tocsin incidents"\n';
  if (event === 'action') {
    const { id, time, type, state, target, reason } = JSON.parse(data) as Action;
    return `${oneLine(`action    ${time}  ${state.padEnd(17)} ${type} ${target.type}/${target.name}: ${reason}  ${id}`)}\n`;
  }
  const { id, updated_at: time, change, severity_id, title, count } = JSON.parse(data) as Incident;
  return `${oneLine(`incident  ${time}  ${change.padEnd(17)} ${severityName(severity_id)}: ${title}, ${count} events  ${id}`)}\n`;
}
