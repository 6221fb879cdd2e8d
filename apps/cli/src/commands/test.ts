import { writeFile } from 'node:fs/promises';
import { OUTPUT, UsageError, shown, textOption, type Command } from '../command.js';
import { readPolicies } from '../policies.js';
import { runCases, type Result } from '../stories/cases.js';
import { junit } from '../stories/junit.js';
import { tellFailure } from '../stories/tell-failure.js';

export const test: Command = {
  name: 'test',
  summary: 'Plays the tests of policies and scenarios on a clock of their own.',
  usage: `[paths…] [options]

Reads the policy documents below the paths, which are directories or files (default: policies), and runs the tests that
stand in them, and documents of kind Scenario. A test that fails is told with what was expected (-) and what came of it
(+), and with the rules that each event matched.
Exit code 0: all passed; 1: some failed, or a document has mistakes; 2: called wrongly.

  --filter <text>    only tests whose name holds the text: document/test, or the name of the Scenario
  --junit <file>     also write the results as JUnit XML
  --no-pack          without the rules that come with Tocsin
  -o, --output       text, json or yaml`,
  options: {
    filter: { type: 'string' },
    junit: { type: 'string' },
    'no-pack': { type: 'boolean' },
    output: OUTPUT,
  },
  async run(given, terminal) {
    const paths = given.positionals.length > 0 ? given.positionals : ['policies'];
    const { cases, decode } = await readPolicies({ paths, withPack: given.values['no-pack'] !== true });
    const filter = textOption(given, 'filter');
    const chosen = cases.filter(({ name }) => filter === undefined || name.includes(filter));
    // In CI, a filter with a slip of the hand would pass for ever.
    if (filter !== undefined && chosen.length === 0) throw new UsageError(`no test has "${filter}" in its name; there are ${cases.length} tests`);
    const results = await runCases(chosen, decode);
    const file = textOption(given, 'junit');
    if (file !== undefined) await writeFile(file, junit(results));
    terminal.out(shown(given, results.map(resultJson), () => asText(results)));
    return results.some(({ differences }) => differences.length > 0) ? 1 : 0;
  },
};

function asText(results: readonly Result[]): string {
  const failed = results.filter(({ differences }) => differences.length > 0);
  const told = failed.map((result) => `${tellFailure(result).join('\n')}\n\n`);
  const counts = `${results.length - failed.length} passed, ${failed.length} failed.`;
  return `${told.join('')}${results.length === 0 ? 'There are no tests.' : counts}\n`;
}

function resultJson({ case: { name, file, line }, differences, milliseconds }: Result): object {
  return { name, file, line, passed: differences.length === 0, differences, milliseconds: Math.round(milliseconds) };
}
