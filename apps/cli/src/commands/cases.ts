import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, shown, table, textOption, type Command } from '../command.js';

/** As the API lists it. */
interface Case {
  subscription: string;
  subject: string;
  state: string;
  name?: string;
  url?: string;
  reason?: string;
  updated_at: string;
}

export const cases: Command = {
  name: 'cases',
  summary: 'Lists tickets of incidents; writes to a lost one again, or gives it up.',
  usage: `[options]
       tocsin cases retry|forget <subscription> <incident> [options]

retry: after what kept us from an orphaned ticket was mended. forget: the next change of the incident makes a new one.
Exit code 0: no ticket is orphaned; 1: some are.

  --subscription <name>  by which they are kept
  --state <state>        creating, unknown, open, closed or orphaned
${OUTPUT_USAGE}${API_USAGE}`,
  words: ['retry', 'forget'],
  options: { ...API_OPTIONS, subscription: { type: 'string' }, state: { type: 'string' }, output: OUTPUT },
  async run(given, terminal) {
    const api = new Api(given);
    const [what, subscription, subject, ...more] = given.positionals;
    if (what === undefined) {
      const found = await api.list<Case>('/v1/cases', { subscription: textOption(given, 'subscription'), state: textOption(given, 'state') });
      terminal.out(shown(given, found, () => listed(found)));
      return found.some(({ state }) => state === 'orphaned') ? 1 : 0;
    }
    if ((what !== 'retry' && what !== 'forget') || subscription === undefined || subject === undefined || more.length > 0)
      throw new UsageError('expected nothing, "retry <subscription> <incident>" or "forget <subscription> <incident>"');
    const now = await api.post<Case>(`/v1/cases/${encodeURIComponent(subscription)}/${encodeURIComponent(subject)}/${what}`, {});
    terminal.out(shown(given, now, () => listed([now])));
    return 0;
  },
};

function listed(found: readonly Case[]): string {
  if (found.length === 0) return 'There is none.\n';
  return table(
    ['subscription', 'incident', 'state', 'ticket', 'changed', 'url'],
    found.map(({ subscription, subject, state, name, updated_at: at, url, reason }) => [
      ...[subscription, subject, state, name ?? '', at, [url, reason].filter((part) => part !== undefined).join('  ')],
    ]),
  );
}
