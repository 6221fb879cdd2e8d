import { stringify } from 'yaml';
import { Api, API_OPTIONS, API_USAGE } from '../api.js';
import { OUTPUT, OUTPUT_USAGE, UsageError, shown, table, textOption, type Command } from '../command.js';

/** As the API lists it. */
interface Policy {
  kind: string;
  name: string;
  mode: string;
  file: string;
  line: number;
  loaded_at: string;
  hits?: number;
  last_hit?: string;
}

interface Rule {
  name: string;
  mode: string;
  matches: number;
  incidents: number;
  evicted: number;
  last_match?: string;
}

export const policies: Command = {
  name: 'policies',
  summary: 'Lists the policy documents in force, with their hits; shows one.',
  usage: `[<kind> <name>] [options]

  --kind <kind>  CorrelationRule, ResponsePolicy, Subscription or Silence
${OUTPUT_USAGE}${API_USAGE}`,
  words: ['CorrelationRule', 'ResponsePolicy', 'Subscription', 'Silence'],
  options: { ...API_OPTIONS, kind: { type: 'string' }, output: OUTPUT },
  async run(given, terminal) {
    const api = new Api(given);
    const [kind, name, ...more] = given.positionals;
    if (kind !== undefined) {
      if (name === undefined || more.length > 0) throw new UsageError('expected a kind and a name, or neither');
      const found = await api.get<Policy & { document: unknown }>(`/v1/policies/${encodeURIComponent(kind)}/${encodeURIComponent(name)}`);
      terminal.out(
        shown(given, found, () => `# ${found.file}:${found.line}, in force since ${found.loaded_at}\n${stringify(found.document, { lineWidth: 0 })}`),
      );
      return 0;
    }
    const { items } = await api.get<{ items: Policy[] }>('/v1/policies');
    const wanted = textOption(given, 'kind');
    const found = items.filter((policy) => wanted === undefined || policy.kind === wanted);
    terminal.out(
      shown(given, found, () =>
        table(
          ['kind', 'name', 'mode', 'hits', 'last hit', 'document'],
          found.map((one) => [one.kind, one.name, one.mode, String(one.hits ?? ''), one.last_hit ?? '', `${one.file}:${one.line}`]),
        ),
      ),
    );
    return 0;
  },
};

export const rules: Command = {
  name: 'rules',
  summary: 'Says what every correlation rule came to.',
  usage: `[options]

  --unused  only those that never matched and opened no incident
${OUTPUT_USAGE}${API_USAGE}`,
  options: { ...API_OPTIONS, unused: { type: 'boolean' }, output: OUTPUT },
  async run(given, terminal) {
    const { items } = await new Api(given).get<{ items: Rule[] }>('/v1/rules');
    const found = items.filter(({ matches, incidents }) => given.values['unused'] !== true || (matches === 0 && incidents === 0));
    terminal.out(
      shown(given, found, () =>
        table(
          ['name', 'mode', 'matches', 'incidents', 'given up', 'last match'],
          found.map((one) => [one.name, one.mode, String(one.matches), String(one.incidents), String(one.evicted), one.last_match ?? 'never']),
        ),
      ),
    );
    return 0;
  },
};
