import { setTimeout as sleep } from 'node:timers/promises';
import { Api, API_OPTIONS, API_USAGE, ApiError } from '../api.js';
import { UsageError, textOption, type Command, type ExitCode, type Given, type Terminal } from '../command.js';

/** What operators say about incidents: taken at once, and carried out in the order in which it was said. */
interface Said {
  id: string;
  state: 'pending' | 'applied' | 'refused';
  reason?: string;
}

interface Words {
  name: string;
  /** As the API calls it. */
  type: string;
  summary: string;
  /** Options that it needs, and what they are. */
  needs?: Readonly<Record<string, string>>;
}

export const ack = says({ name: 'ack', type: 'acknowledge', summary: 'Takes incidents up.' });
export const resolve = says({
  name: 'resolve',
  type: 'resolve',
  summary: 'Ends incidents; they reopen when they recur.',
  needs: { reason: 'true_positive, benign, false_positive, duplicate or other' },
});
export const reopen = says({ name: 'reopen', type: 'reopen', summary: 'Opens resolved incidents again.' });
export const assign = says({ name: 'assign', type: 'assign', summary: 'Says who looks after incidents.', needs: { to: 'who; empty: nobody' } });
export const note = says({ name: 'note', type: 'note', summary: 'Adds a note to the history of incidents.', needs: { comment: 'the note' } });
export const merge = says({
  name: 'merge',
  type: 'merge',
  summary: 'Moves the violations of incidents, and those that would join them, to another.',
  needs: { into: 'id of the other incident' },
});

/** Fields of the body that are called otherwise there. */
const FIELDS: Readonly<Record<string, string>> = { to: 'assignee' };
const LOOK_EVERY_MS = 100;
const WAIT_MS = 10_000;

function says({ name, type, summary, needs = {} }: Words): Command {
  const wanted = Object.entries(needs);
  const comment = 'comment' in needs ? '' : '  --comment <text>  why; it stays in the history\n';
  return {
    name,
    summary,
    usage: `<incident>… ${wanted.map(([option]) => `--${option} <…> `).join('')}[options]

Exit code 0: it was carried out, or will be; 1: it was refused, with the reason.

${wanted.map(([option, what]) => `${`  --${option} <…>`.padEnd(20)}${what}\n`).join('')}${comment}${API_USAGE}`,
    options: { ...API_OPTIONS, comment: { type: 'string' }, ...Object.fromEntries(wanted.map(([option]) => [option, { type: 'string' as const }])) },
    async run(given, terminal) {
      if (given.positionals.length === 0) throw new UsageError('expected the id of an incident; "tocsin incidents" lists them');
      const body: Record<string, string> = {};
      for (const [option, what] of wanted) body[FIELDS[option] ?? option] = needed(given, option, what);
      const why = textOption(given, 'comment');
      if (why !== undefined) body['comment'] = why;
      const api = new Api(given);
      let code: ExitCode = 0;
      for (const id of given.positionals) {
        if (!(await say(api, `/v1/incidents/${encodeURIComponent(id)}/${type}`, body, id, terminal))) code = 1;
      }
      return code;
    },
  };
}

function needed(given: Given, option: string, what: string): string {
  const value = textOption(given, option);
  if (value === undefined) throw new UsageError(`expected --${option}: ${what}`);
  return value;
}

/** Whether it was carried out, or will be. */
async function say(api: Api, path: string, body: object, incident: string, terminal: Terminal): Promise<boolean> {
  const { id } = await api.post<Said>(path, body);
  const { state, reason } = await outcome(api, id, Date.now() + WAIT_MS);
  if (state === 'refused') terminal.err(`${incident}: refused: ${reason ?? ''}\n`);
  else if (state === 'pending') terminal.out(`${incident}: taken, and not carried out yet; the incident's history will show it.\n`);
  else terminal.out(`${incident}: done.\n`);
  return state !== 'refused';
}

async function outcome(api: Api, id: string, untilMs: number): Promise<Said> {
  for (;;) {
    try {
      return await api.get<Said>(`/v1/commands/${encodeURIComponent(id)}`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      if (Date.now() >= untilMs) return { id, state: 'pending' };
    }
    await sleep(LOOK_EVERY_MS);
  }
}
