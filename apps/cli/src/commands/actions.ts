import type { Action } from '@tocsin/domain';
import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, oneLine, shown, table, textOption, type Command, type Given, type Terminal } from '../command.js';

interface Said {
  state: string;
}

/** What waits for people, or stands. */
const LIVE = ['awaiting_approval', 'approved', 'running', 'active', 'reverting'];

export const actions: Command = {
  name: 'actions',
  summary: 'Shows actions, and what waits for approval.',
  usage: `[<id>] [options]

Without an id: what waits for approval and what stands now, or with --state those of a state. With one: its exact plan.

  --state <state>  only those of this state
${OUTPUT_USAGE}${API_USAGE}`,
  options: { ...API_OPTIONS, output: OUTPUT, state: { type: 'string' } },
  async run(given, terminal) {
    const api = new Api(given);
    const [id] = given.positionals;
    if (id !== undefined) {
      const action = await api.get<Action>(`/v1/actions/${encodeURIComponent(id)}`);
      terminal.out(shown(given, action, () => whole(action)));
      return 0;
    }
    const state = textOption(given, 'state');
    const states = state === undefined ? LIVE : [state];
    const found: Action[] = [];
    for (const one of states) found.push(...(await api.get<{ items: Action[] }>(`/v1/actions?limit=500&state=${encodeURIComponent(one)}`)).items);
    terminal.out(shown(given, found, () => list(found)));
    return 0;
  },
};

function list(found: readonly Action[]): string {
  if (found.length === 0) return 'There are none.\n';
  return table(
    ['id', 'state', 'type', 'target', 'cluster', 'policy'],
    found.map(({ id, state, type, target, cluster, policy }) => [id, state, type, `${target.type}/${target.name}`, cluster, policy]),
  );
}

function whole({ id, state, reason, plan, plan_hash: hash, approvals, expires_at: end, incident, verification }: Action): string {
  const lines = [`${id}: ${state}. ${reason}`];
  if (incident !== undefined) lines.push(`incident: ${incident}`);
  if (plan !== undefined)
    lines.push('', plan.summary, ...plan.changes.map((change) => `  ${change}`), ...plan.warnings.map((warning) => `  note: ${warning}`));
  if (verification !== undefined) lines.push('', `seen ${verification.time}: ${verification.message}`);
  if (end !== undefined) lines.push(`undone by itself at ${end}`);
  if (approvals !== undefined) {
    const from = approvals.from.length === 0 ? '' : ` of ${approvals.from.join(', ')}`;
    lines.push('', `approved by ${approvals.given.length} of ${approvals.required}${from}, until ${approvals.expires_at}`);
  }
  if (state === 'awaiting_approval' && hash !== undefined) lines.push(`To agree to exactly this: tocsin approve ${id} --plan ${hash}`);
  return `${lines.map(oneLine).join('\n')}\n`;
}

export const approve: Command = {
  name: 'approve',
  summary: 'Agrees to an action, as it was shown.',
  usage: `<id> --plan <hash> [options]

"tocsin actions <id>" shows the plan and its hash. When the plan has changed since, nothing is approved.

  --plan <hash>     of the plan that you have seen
  --comment <text>  why; it stays on record
${API_USAGE}`,
  options: { ...API_OPTIONS, plan: { type: 'string' }, comment: { type: 'string' } },
  async run(given, terminal) {
    const plan = textOption(given, 'plan');
    if (plan === undefined) throw new UsageError('expected --plan <hash>, of the plan that you have seen');
    return say(given, terminal, 'approve', { plan_hash: plan });
  },
};

export const reject = command('reject', 'Says no to an action that awaits approval.');
export const revert = command('revert', 'Undoes an action now; one that has not begun does not begin.');

export const extend: Command = {
  name: 'extend',
  summary: 'Sets another end of an action’s lease.',
  usage: `<id> --until <time> [options]

  --until <time>    RFC 3339, such as 2026-09-14T18:00:00Z
  --comment <text>  why; it stays on record
${API_USAGE}`,
  options: { ...API_OPTIONS, until: { type: 'string' }, comment: { type: 'string' } },
  async run(given, terminal) {
    const until = textOption(given, 'until');
    if (until === undefined) throw new UsageError('expected --until <time>');
    return say(given, terminal, 'extend', { until });
  },
};

function command(name: 'reject' | 'revert', summary: string): Command {
  return {
    name,
    summary,
    usage: `<id> [options]\n\n  --comment <text>  why; it stays on record\n${API_USAGE}`,
    options: { ...API_OPTIONS, comment: { type: 'string' } },
    run: (given, terminal) => say(given, terminal, name, {}),
  };
}

async function say(given: Given, terminal: Terminal, what: string, body: object): Promise<0> {
  const [id] = given.positionals;
  if (id === undefined) throw new UsageError('expected the id of an action; "tocsin actions" lists them');
  const comment = textOption(given, 'comment');
  const { state } = await new Api(given).post<Said>(`/v1/actions/${encodeURIComponent(id)}/${what}`, {
    ...body,
    ...(comment !== undefined && { comment }),
  });
  terminal.out(state === 'pending' ? 'It is taken, and will be carried out or refused; "tocsin actions" shows it.\n' : `It has been ${state}.\n`);
  return 0;
}
