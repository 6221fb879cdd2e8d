import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { ConfigErrors, describeKnown, type ConfigIssue } from '@tocsin/extension';
import { policyFiles } from '@tocsin/policy';
import { UsageError, counted, textOption, type Command, type Terminal } from '../command.js';
import { convertResponseRules } from '../neuvector/response-rules.js';
import { convertSigma, type Converted } from '../sigma/convert.js';
import { remarkText } from '../sigma/report.js';

const FORMATS = ['neuvector', 'sigma'];

export const convert: Command = {
  name: 'convert',
  summary: 'Makes policy documents of rules of other tools.',
  usage: `sigma|neuvector <files…> [options]

Makes CorrelationRule documents of rules, correlations and filters of Sigma (specification 2.1), and prints them. All files
are read together, since they refer to one another; a directory stands for the YAML files below it. What has no equivalent
is told on standard error and in comments: a rule that loses something by it is not in force ("enabled: false"), so that a
person finishes it. Sigma compares without regard to case, and so do the rules that are made.

Of NeuVector, response rules (NvResponseRuleSecurityRule, and those in NvSecurityRule) become ResponsePolicies that observe
first, and Subscriptions that are not enabled until you put their addresses in.
Exit code 0: everything was converted; 1: something has no equivalent; 2: called wrongly.

  -o, --output <directory>  write a file for each file that was read, instead of printing
  --cased                   compare with regard to case: shorter conditions, which suit names and paths of Linux`,
  words: ['sigma', 'neuvector'],
  options: { output: { type: 'string', short: 'o' }, cased: { type: 'boolean' } },
  async run(given, terminal) {
    const [format, ...paths] = given.positionals;
    if (format === undefined) throw new UsageError(`expected what to convert; known: ${FORMATS.join(', ')}`);
    if (!FORMATS.includes(format)) throw new UsageError(`"${format}" is nothing that can be converted; ${describeKnown(format, FORMATS)}`);
    if (paths.length === 0) throw new UsageError('expected files with the rules');
    if (format === 'neuvector') return convertNeuVector(await readFiles(paths), terminal);
    const converted = convertSigma(await readFiles(paths), { cased: given.values['cased'] === true });
    const directory = textOption(given, 'output');
    if (directory === undefined) terminal.out(converted.map(({ text }) => text).join('---\n'));
    else await writeFiles(directory, converted);
    return report(converted, directory, terminal);
  },
};

function convertNeuVector(files: readonly { file: string; text: string }[], terminal: Terminal): 0 | 1 {
  const converted = convertResponseRules(files);
  terminal.out(
    converted
      .map(({ text }) => text)
      .filter((text) => text !== '')
      .join('---\n'),
  );
  const remarks = converted.flatMap((one) => one.remarks);
  for (const remark of remarks) terminal.err(`${remarkText(remark)}\n`);
  const gave = converted.filter(({ text }) => text !== '').length;
  terminal.err(`${counted(converted.length, 'response rule')}, ${converted.length - gave} of them without an equivalent.\n`);
  return remarks.some(({ kind }) => kind === 'lost') ? 1 : 0;
}

async function readFiles(paths: readonly string[]): Promise<{ file: string; text: string }[]> {
  const issues: ConfigIssue[] = [];
  const files: string[] = [];
  for (const path of paths) {
    if ((await stat(path).catch(() => undefined)) === undefined) throw new UsageError(`"${path}" does not exist`);
    files.push(...(await policyFiles(path, issues)));
  }
  if (issues.length > 0) throw new ConfigErrors(issues);
  if (files.length === 0) throw new UsageError(`there are no files *.yml or *.yaml below ${paths.join(', ')}`);
  return Promise.all(files.map(async (file) => ({ file: relative('', file), text: await readFile(file, 'utf8') })));
}

async function writeFiles(directory: string, converted: readonly Converted[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  const byName = new Map<string, string[]>();
  for (const { source, text } of converted) {
    const name = `${basename(source.file).replace(/\.ya?ml$/, '')}.yaml`;
    byName.set(name, [...(byName.get(name) ?? []), text]);
  }
  for (const [name, texts] of byName) await writeFile(join(directory, name), texts.join('---\n'));
}

function report(converted: readonly Converted[], directory: string | undefined, terminal: Terminal): 0 | 1 {
  const remarks = converted.flatMap(({ source }) => source.remarks.list);
  for (const remark of remarks) terminal.err(`${remarkText(remark)}\n`);
  const count = (outcome: Converted['outcome']): number => converted.filter((one) => one.outcome === outcome).length;
  const where = directory === undefined ? '' : ` in ${directory}`;
  const missing = count('none') === 0 ? '' : `; ${counted(count('none'), 'document')} gave none`;
  terminal.err(`${counted(count('in force') + count('not in force'), 'rule')}${where}, ${count('not in force')} of them not in force${missing}.\n`);
  return remarks.some(({ kind }) => kind === 'lost') ? 1 : 0;
}
