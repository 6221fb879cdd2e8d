import { ConfigErrors, formatIssue } from '@tocsin/extension';
import type { CheckedReceiver } from '@tocsin/notifier/check-live';
import type { PolicySet } from '@tocsin/policy';
import { OUTPUT, counted, shown, textOption, type Command } from '../command.js';
import { NO_CONFIG, readConfig, type PolicyConfig } from '../config.js';
import { readPolicies, type LoadedPolicies } from '../policies.js';

const DEFAULT_DIRECTORY = 'policies';

export const check: Command = {
  name: 'check',
  summary: 'Checks policy documents, as all services together would.',
  usage: `[paths…] [options]

Reads the policy documents below the paths, which are directories or files (default: policies), and tells every mistake
with its place, what was found, what was expected, and the nearest valid spelling.
Exit code 0: valid; 1: mistakes, also of receivers; 2: called wrongly.

  --live             then asks the receivers of subscriptions whether they will take what they are sent: connection, login,
                     permissions, fields, states; writes nothing there. Secrets are read from where the documents say
  --config <file>    also check the services' sections of this tocsin.yaml, and go by its policyDir and builtinRules
  --no-pack          without the rules that come with Tocsin, so that naming one is a mistake
  -o, --output       text, json or yaml`,
  options: { live: { type: 'boolean' }, config: { type: 'string' }, 'no-pack': { type: 'boolean' }, output: OUTPUT },
  async run(given, terminal) {
    try {
      const file = textOption(given, 'config');
      const config = file === undefined ? NO_CONFIG : await readConfig(file);
      const paths = given.positionals.length > 0 ? given.positionals : [config.directory ?? DEFAULT_DIRECTORY];
      const loaded = await readPolicies({ paths, withPack: config.builtinRules && given.values['no-pack'] !== true, config });
      const receivers = given.values['live'] === true ? await askReceivers(loaded.set, config) : undefined;
      const well = (receivers ?? []).every(({ findings }) => findings?.every(({ ok }) => ok) !== false);
      terminal.out(
        shown(
          given,
          { valid: true, documents: counts(loaded.set), tests: loaded.cases.length, issues: [], ...(receivers !== undefined && { receivers }) },
          () => `Valid: ${describe(loaded)}.\n${(receivers ?? []).map(receiverLines).join('')}`,
        ),
      );
      return well ? 0 : 1;
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      const { issues } = error;
      const files = new Set(issues.map((issue) => issue.file)).size;
      const summary = `${counted(issues.length, 'mistake')} in ${counted(files, 'file')}.`;
      terminal.out(shown(given, { valid: false, issues }, () => `${issues.map(formatIssue).join('\n')}\n\n${summary}\n`));
      return 1;
    }
  },
};

async function askReceivers({ subscriptions }: PolicySet, { notifier }: PolicyConfig): Promise<CheckedReceiver[]> {
  const { checkReceivers } = await import('@tocsin/notifier/check-live');
  return checkReceivers(subscriptions, notifier);
}

function receiverLines({ subscription, channel, findings }: CheckedReceiver): string {
  if (findings === undefined) return `\n${subscription} (${channel}): nothing is asked; try \`tocsin drill ${subscription}\` on a running Tocsin\n`;
  const lines = findings.map(({ ok, what, message }) => `  ${ok ? 'ok ' : 'NO '} ${what}: ${message}\n`);
  return `\n${subscription} (${channel})\n${lines.join('')}`;
}

function counts(set: PolicySet): Record<string, number> {
  return Object.fromEntries(Object.values(set).flatMap((documents) => (documents[0] === undefined ? [] : [[documents[0].kind, documents.length]])));
}

function describe({ set, cases }: LoadedPolicies): string {
  const found = Object.entries(counts(set)).map(([kind, count]) => `${count} ${kind}`);
  if (found.length === 0) return 'no documents';
  return [...found, ...(cases.length === 0 ? [] : [counted(cases.length, 'test')])].join(', ');
}
