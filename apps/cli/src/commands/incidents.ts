import { severityName, type Incident } from '@tocsin/domain';
import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, counted, one, oneLine, shown, table, textOption, type Command } from '../command.js';

const SHOWN = 50;

export const incidents: Command = {
  name: 'incidents',
  summary: 'Lists incidents, those seen last first.',
  usage: `[options]

Those that are not resolved and not muted, unless the options say otherwise; at most ${SHOWN}.

  --status <status>      open, acknowledged, contained or resolved; all: whatever it is
  --severity <name>      this severity or a higher one
  --namespace <name>     about this namespace
  --rule <name>          of this rule
  --cluster <name>       of this cluster
  --assignee <name>      assigned to whom
  --since <time>         last seen at or after this time, RFC 3339
  --muted                muted ones, too
  --limit <n>            so many at most
${OUTPUT_USAGE}${API_USAGE}`,
  options: {
    ...API_OPTIONS,
    ...Object.fromEntries(
      ['status', 'severity', 'namespace', 'rule', 'cluster', 'assignee', 'since', 'limit'].map((name) => [name, { type: 'string' as const }]),
    ),
    muted: { type: 'boolean' },
    output: OUTPUT,
  },
  async run(given, terminal) {
    const most = Number(textOption(given, 'limit') ?? SHOWN);
    if (!(Number.isInteger(most) && most > 0)) throw new UsageError('--limit expects a number from 1');
    const filter = Object.fromEntries(
      ['severity', 'namespace', 'rule', 'cluster', 'assignee', 'since'].map((name) => [name, textOption(given, name)]),
    );
    const [api, status] = [new Api(given), textOption(given, 'status')];
    const muted = given.values['muted'] === true ? undefined : 'false';
    const list = (of?: string): Promise<Incident[]> => api.list<Incident>('/v1/incidents', { ...filter, status: of, muted }, most);
    const lists =
      status === undefined ? await Promise.all(['open', 'acknowledged', 'contained'].map(list)) : [await list(status === 'all' ? undefined : status)];
    const found = lists
      .flat()
      .toSorted((a, b) => b.last_seen.localeCompare(a.last_seen))
      .slice(0, most);
    terminal.out(shown(given, found, () => listed(found)));
    return 0;
  },
};

function listed(found: readonly Incident[]): string {
  if (found.length === 0) return 'There is none.\n';
  return table(
    ['id', 'severity', 'status', 'events', 'last seen', 'title'],
    found.map(({ id, severity_id, status, count, last_seen, title, muted }) => [
      ...[id, severityName(severity_id), muted === undefined ? status : `${status}, muted`, String(count), last_seen, title],
    ]),
  );
}

interface Whole {
  incident: Incident;
  evidence: {
    items: { id: string; time: string; rule: string; late: boolean; violation?: { name: string; source: string; message: string } }[];
    next_cursor?: string;
  };
  cases: { subscription: string; state: string; name?: string; url?: string }[];
}

interface History {
  items: { time: string; change: string; actor: string | null; comment: string | null }[];
}

export const incident: Command = {
  name: 'incident',
  summary: 'Shows one incident: why it exists, its evidence, its history, its tickets.',
  usage: `<id> [options]

${OUTPUT_USAGE}${API_USAGE}`,
  options: { ...API_OPTIONS, output: OUTPUT },
  async run(given, terminal) {
    const path = `/v1/incidents/${one(given, 'the id of an incident; "tocsin incidents" lists them')}`;
    const api = new Api(given);
    const [whole, history] = await Promise.all([api.get<Whole>(`${path}?limit=20`), api.get<History>(`${path}/history?limit=20`)]);
    terminal.out(shown(given, { ...whole, history: history.items }, () => told(whole, history)));
    return 0;
  },
};

function told({ incident: about, evidence, cases }: Whole, { items: changes }: History): string {
  const { id, title, reason, status, severity_id, rule, cluster, group, count, first_seen, last_seen, assignee, acknowledged_by, muted } = about;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['severity', severityName(severity_id)],
    ['status', status],
    ['rule', `${rule.name}: ${rule.title}`],
    ['cluster', cluster === '' ? undefined : cluster],
    [
      'group',
      Object.entries(group)
        .map(([field, value]) => `${field}=${value}`)
        .join(' '),
    ],
    ['events', `${count}, from ${first_seen} to ${last_seen}`],
    ['assigned to', assignee],
    ['acknowledged by', acknowledged_by],
    ['muted by', muted?.map(({ by, comment }) => `${by} (${comment})`).join(', ')],
    ...cases.map(
      ({ subscription, state, name, url }) => ['ticket', `${name ?? subscription}, ${state}${url === undefined ? '' : `, ${url}`}`] as const,
    ),
  ];
  const known = facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name.padEnd(17)}${oneLine(value)}`]));
  const seen = evidence.items.map(({ time, rule: of, violation }) => [
    time,
    violation?.source ?? '',
    of,
    violation?.name ?? 'no longer kept',
    violation?.message ?? '',
  ]);
  const more = evidence.next_cursor === undefined ? '' : `… of ${counted(count, 'event')}\n`;
  const said = changes
    .filter(({ change }) => change !== 'updated')
    .map(({ time, change, actor, comment }) => [time, change, actor ?? '', comment ?? '']);
  return [
    `${oneLine(title)}\n${oneLine(reason)}\n\n${id}\n${known.join('\n')}\n`,
    `${table(['time', 'source', 'rule', 'event', 'message'], seen)}${more}`,
    table(['time', 'change', 'by', 'comment'], said),
  ].join('\n');
}
