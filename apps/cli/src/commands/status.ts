import { severityName, type Action, type Incident } from '@tocsin/domain';
import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, counted, oneLine, shown, type Command } from '../command.js';

interface Subscription {
  name: string;
  state: string;
  served: boolean;
  failing_since?: string;
  lag: { events: number; seconds: number };
  dead_letters: number;
}

interface Control {
  stopped: boolean;
  actor: string;
  reason: string;
}

/** More incidents are told as so many or more. */
const COUNTED = 500;

export const status: Command = {
  name: 'status',
  summary: 'How things stand: incidents, what waits for approval, what is in force, who is not told.',
  usage: `[options]

Exit code 0: all is well; 1: something needs somebody, on the lines that begin with "!".

${OUTPUT_USAGE}${API_USAGE}`,
  options: { ...API_OPTIONS, output: OUTPUT },
  async run(given, terminal) {
    const api = new Api(given);
    const actionsIn = (state: string): Promise<Action[]> => api.list<Action>('/v1/actions', { state }, COUNTED);
    const [open, waiting, active, control, { items: subscriptions }] = await Promise.all([
      api.list<Incident>('/v1/incidents', { status: 'open', muted: 'false' }, COUNTED),
      actionsIn('awaiting_approval'),
      actionsIn('active'),
      api.get<Control>('/v1/response'),
      api.get<{ items: Subscription[] }>('/v1/subscriptions'),
    ]);
    const troubled = subscriptions.filter(({ state, served, failing_since: failing }) => state !== 'active' || !served || failing !== undefined);
    const severities = Object.entries(Object.groupBy(open, ({ severity_id: id }) => severityName(id))).map(
      ([name, of]) => [name, of.length] as const,
    );
    const answer = {
      incidents: { open: open.length, by_severity: Object.fromEntries(severities) },
      actions: { awaiting_approval: waiting.length, active: active.length, stopped: control.stopped },
      subscriptions: {
        total: subscriptions.length,
        troubled: troubled.map(({ name }) => name),
        dead_letters: subscriptions.reduce((sum, { dead_letters: dead }) => sum + dead, 0),
      },
    };
    const some = severities.length === 0 ? '' : ` (${severities.map(([name, n]) => `${n} ${name.toLowerCase()}`).join(', ')})`;
    const lines: readonly (readonly [boolean, string])[] = [
      [false, `${open.length === COUNTED ? `${COUNTED} or more incidents` : counted(open.length, 'incident')} open${some}`],
      [waiting.length > 0, `${counted(waiting.length, 'action')} waiting for approval`],
      [false, `${counted(active.length, 'action')} in force`],
      ...(control.stopped ? [[true, `all response is stopped, by ${control.actor}: ${control.reason}`] as const] : []),
      [false, `${counted(subscriptions.length, 'subscription')}`],
      ...troubled.map((one) => [true, `subscription ${one.name}: ${wrongWith(one)}`] as const),
      ...(answer.subscriptions.dead_letters > 0
        ? [[true, `${counted(answer.subscriptions.dead_letters, 'dead letter')} of subscriptions`] as const]
        : []),
    ];
    terminal.out(shown(given, answer, () => lines.map(([wrong, text]) => `${wrong ? '!' : ' '} ${oneLine(text)}\n`).join('')));
    return lines.some(([wrong]) => wrong) ? 1 : 0;
  },
};

function wrongWith({ state, served, failing_since: since, lag }: Subscription): string {
  if (state !== 'active') return state;
  if (!served) return 'no notifier serves it';
  return `failing since ${since ?? ''}, ${counted(lag.events, 'event')} behind`;
}
