import type { Silence } from '@tocsin/domain';
import { duration } from '@tocsin/extension';
import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, shown, table, textOption, type Command, type Given, type Terminal } from '../command.js';

export const silence: Command = {
  name: 'silence',
  summary: 'Makes, lists and ends silences: incidents that nobody is told of.',
  usage: `create <filter> --for <duration> --comment <text> | list | end <id>   [options]

The filter is a condition over incident, such as 'incident.group["workload.namespace"] == "shop"'. Incidents still form and are on record.

  --for <duration>  how long, such as 90m, 8h or 2d
  --until <time>    or its end, RFC 3339
  --comment <text>  why; it stays on record
  --all             list those that have ended, too
${OUTPUT_USAGE}${API_USAGE}`,
  words: ['create', 'list', 'end'],
  options: {
    ...API_OPTIONS,
    for: { type: 'string' },
    until: { type: 'string' },
    comment: { type: 'string' },
    all: { type: 'boolean' },
    output: OUTPUT,
  },
  async run(given, terminal) {
    const [what, subject, ...more] = given.positionals;
    if (more.length > 0) throw new UsageError(`"${more[0]}" is one argument too many; quote the filter`);
    const api = new Api(given);
    if (what === 'create') return create(api, given, subject, terminal);
    if (what === 'list' && subject === undefined) {
      const found = await api.list<Silence>('/v1/silences', { active: given.values['all'] === true ? undefined : 'true' });
      terminal.out(shown(given, found, () => listed(found)));
      return 0;
    }
    if (what === 'end' && subject !== undefined) {
      const { ends_at: end } = await api.delete<Silence>(`/v1/silences/${encodeURIComponent(subject)}`);
      terminal.out(`${subject}: ended at ${end}.\n`);
      return 0;
    }
    throw new UsageError('expected "create <filter>", "list" or "end <id>"');
  },
};

async function create(api: Api, given: Given, filter: string | undefined, terminal: Terminal): Promise<0> {
  if (filter === undefined) throw new UsageError('expected a filter: a condition over incident');
  const comment = textOption(given, 'comment');
  if (comment === undefined) throw new UsageError('expected --comment <text>: why; it stays on record');
  const made = await api.post<Silence>('/v1/silences', { filter, comment, ends_at: endOf(given) });
  terminal.out(shown(given, made, () => `${made.id}: until ${made.ends_at}.\n`));
  return 0;
}

function endOf(given: Given): string {
  const [length, until] = [textOption(given, 'for'), textOption(given, 'until')];
  if ((length === undefined) === (until === undefined)) throw new UsageError('expected either --for <duration> or --until <time>');
  if (until !== undefined) return until;
  const parsed = duration.safeParse(length);
  if (!parsed.success) throw new UsageError(`--for: ${parsed.error.issues[0]?.message ?? ''}`);
  return new Date(Date.now() + parsed.data).toISOString();
}

function listed(found: readonly Silence[]): string {
  if (found.length === 0) return 'There is none.\n';
  return table(
    ['id', 'from', 'until', 'by', 'filter', 'comment'],
    found.map(({ id, starts_at: from, ends_at: until, author, filter, comment }) => [id, from, until, author, filter, comment]),
  );
}
