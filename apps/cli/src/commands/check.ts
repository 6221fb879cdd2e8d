import { ConfigErrors, formatIssue } from '@tocsin/extension';
import type { PolicySet } from '@tocsin/policy';
import { UsageError, textOption, type Command } from '../command.js';
import { readPolicies } from '../policies.js';

export const check: Command = {
  name: 'check',
  summary: 'Checks policy documents, as all services together would.',
  usage: `[paths…] [options]

Reads the policy documents below the paths (default: policies) and tells every mistake with its place, what was found,
what was expected, and the nearest valid spelling. Exit code 0: valid; 1: mistakes; 2: called wrongly.

  --no-pack          without the rules that come with Tocsin, so that naming one is a mistake
  -o, --output json  print the result as JSON`,
  options: { 'no-pack': { type: 'boolean' }, output: { type: 'string', short: 'o' } },
  async run(given, terminal) {
    const paths = given.positionals.length > 0 ? given.positionals : ['policies'];
    const output = textOption(given, 'output') ?? 'text';
    if (output !== 'text' && output !== 'json') throw new UsageError(`"${output}" is no output; known: json, text`);
    try {
      const { set } = await readPolicies(paths, given.values['no-pack'] !== true);
      terminal.out(output === 'json' ? `${JSON.stringify({ valid: true, documents: counts(set), issues: [] })}\n` : `Valid: ${describe(set)}.\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof ConfigErrors)) throw error;
      const { issues } = error;
      if (output === 'json') terminal.out(`${JSON.stringify({ valid: false, issues })}\n`);
      else terminal.out(`${issues.map(formatIssue).join('\n')}\n\n${issues.length} ${issues.length === 1 ? 'mistake' : 'mistakes'}\n`);
      return 1;
    }
  },
};

function counts(set: PolicySet): Record<string, number> {
  return Object.fromEntries(Object.values(set).flatMap((documents) => (documents[0] === undefined ? [] : [[documents[0].kind, documents.length]])));
}

function describe(set: PolicySet): string {
  const found = Object.entries(counts(set)).map(([kind, count]) => `${count} ${kind}`);
  return found.length === 0 ? 'no documents' : found.join(', ');
}
