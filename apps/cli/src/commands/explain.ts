import { readFile } from 'node:fs/promises';
import { Api, API_OPTIONS, API_USAGE, queryOf } from '../api.js';
import { describeKnown } from '@tocsin/extension';
import type { Violation } from '@tocsin/domain';
import { OUTPUT, UsageError, shown, textOption, type Command, type ExitCode, type Given, type Terminal } from '../command.js';
import { openDecoder } from '../decode.js';
import { readViolations } from '../explain/events.js';
import { explainRule } from '../explain/explanation.js';
import { explanationText } from '../explain/text.js';
import { readPolicies, type LoadedPolicies } from '../policies.js';

export const explain: Command = {
  name: 'explain',
  summary: 'Says what a rule makes of events, term by term; or what became of a violation.',
  usage: `<rule> <events.json | -> [options]   or   <violation id> [options]

With the id of a violation alone, it asks a running Tocsin what became of it: incidents, what muted them, actions, deliveries.

With a rule:

Reads events from the file, or from standard input for "-": violations as the API has them, or with --source what a
sensor sends; one, a list, or one in each line. For each event it says whether the rule's condition passes and which terms
decide that, with what was found; for a rule that is chained to others, their conditions. Then it plays the events and
tells the incident that comes of them, or why none does. Nothing runs, and nothing is sent anywhere.
Exit code 0: there is an incident; 1: there is none; 2: called wrongly.

  --policy <path>    policy documents, a directory or a file (default: policies)
  --source <type>    the events are what this sensor sends, such as falco or neuvector
  --mapping <name>   for --source generic: the mapping that reads them
  --no-pack          without the rules that come with Tocsin
  -o, --output       text, json or yaml

With a violation:

  --rule <name>  says term by term why this rule matches it, or does not
${API_USAGE}`,
  options: {
    ...API_OPTIONS,
    policy: { type: 'string' },
    rule: { type: 'string' },
    source: { type: 'string' },
    mapping: { type: 'string' },
    'no-pack': { type: 'boolean' },
    output: OUTPUT,
  },
  async run(given, terminal) {
    const [name, file, ...rest] = given.positionals;
    if (name !== undefined && file === undefined && VIOLATION_ID.test(name)) return tellRoad(name, given, terminal);
    if (name === undefined || file === undefined || rest.length > 0)
      throw new UsageError('expected the name of a rule and a file with events, or "-"; or the id of a violation alone');
    const loaded = await readPolicies({ paths: [textOption(given, 'policy') ?? 'policies'], withPack: given.values['no-pack'] !== true });
    const rule = loaded.rules.find(({ metadata }) => metadata.name === name);
    if (rule === undefined) {
      const names = loaded.rules.map(({ metadata }) => metadata.name);
      throw new UsageError(`there is no rule "${name}"; ${describeKnown(name, names)}`);
    }
    const body = file === '-' ? await terminal.input() : await readEvents(file);
    const violations = await violationsOf(body, { source: textOption(given, 'source'), mapping: textOption(given, 'mapping') }, loaded);
    const explanation = await explainRule(rule, loaded.rules, violations);
    terminal.out(shown(given, explanation, () => explanationText(explanation)));
    return explanation.incidents.length > 0 ? 0 : 1;
  },
};

const VIOLATION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the API has of the road of a violation; what else is in the answer is for scripts. */
interface Road {
  told: string[];
}

async function tellRoad(id: string, given: Given, terminal: Terminal): Promise<ExitCode> {
  const road = await new Api(given).get<Road>(`/v1/violations/${id}/explain${queryOf({ rule: textOption(given, 'rule') })}`);
  terminal.out(shown(given, road, () => `${road.told.join('\n')}\n`));
  return 0;
}

async function readEvents(file: string): ReturnType<Terminal['input']> {
  return readFile(file).catch((error: unknown) => {
    throw new UsageError(`"${file}" cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  });
}

async function violationsOf(
  body: Buffer,
  { source, mapping }: { source: string | undefined; mapping: string | undefined },
  { set }: LoadedPolicies,
): Promise<Violation[]> {
  if (source !== undefined) return (await openDecoder(set.mappings, 'default'))(source, body, mapping);
  if (mapping !== undefined) throw new UsageError('--mapping is for --source generic');
  return readViolations(body.toString('utf8'));
}
