import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { UsageError, textOption, type Command } from '../command.js';
import { readPolicies } from '../policies.js';
import { casesOf, runCase, type Result } from '../stories/cases.js';
import { junit } from '../stories/junit.js';

export const test: Command = {
  name: 'test',
  summary: 'Plays the tests of policies and scenarios on a clock of their own.',
  usage: `[paths…] [options]

Reads the policy documents below the paths (default: policies) and runs the tests that stand in them, and documents of
kind Scenario. Exit code 0: all passed; 1: some failed, or a document has mistakes; 2: called wrongly.

  --filter <text>    only tests whose name holds the text
  --junit <file>     also write the results as JUnit XML
  --no-pack          without the rules that come with Tocsin
  -o, --output json  print the results as JSON`,
  options: {
    filter: { type: 'string' },
    junit: { type: 'string' },
    'no-pack': { type: 'boolean' },
    output: { type: 'string', short: 'o' },
  },
  async run(given, terminal) {
    const paths = given.positionals.length > 0 ? given.positionals : ['policies'];
    const output = textOption(given, 'output') ?? 'text';
    if (output !== 'text' && output !== 'json') throw new UsageError(`"${output}" is no output; known: json, text`);
    const { set, rules } = await readPolicies(paths, given.values['no-pack'] !== true);
    const filter = textOption(given, 'filter');
    const cases = casesOf(set, rules).filter(({ name }) => filter === undefined || name.includes(filter));
    const results: Result[] = [];
    for (const one of cases) results.push(await runCase(one));
    const file = textOption(given, 'junit');
    if (file !== undefined) await writeFile(file, junit(results));
    terminal.out(output === 'json' ? asJson(results) : asText(results));
    return results.some(({ differences }) => differences.length > 0) ? 1 : 0;
  },
};

function asText(results: readonly Result[]): string {
  const failed = results.filter(({ differences }) => differences.length > 0);
  const told = failed.map(
    ({ case: { name, file, line }, differences }) => `FAILED ${name} (${relative('', file)}:${line})\n${differences.join('\n')}\n\n`,
  );
  const counts = `${results.length - failed.length} passed, ${failed.length} failed`;
  return `${told.join('')}${results.length === 0 ? 'There are no tests.' : counts}\n`;
}

function asJson(results: readonly Result[]): string {
  const shown = results.map(({ case: { name, file, line }, differences, milliseconds }) => ({
    name,
    file,
    line,
    passed: differences.length === 0,
    differences,
    milliseconds: Math.round(milliseconds),
  }));
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}
