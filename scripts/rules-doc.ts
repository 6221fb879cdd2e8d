// docs/rules.md, made of policies/rules: `node scripts/rules-doc.ts` writes it anew, `--check` says whether it must be.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseYamlDocuments } from '@tocsin/extension';

const ROOT = join(import.meta.dirname, '..');
export const RULES_PAGE = join(ROOT, 'docs', 'rules.md');

interface Rule {
  metadata: { name: string };
  spec: {
    title: string;
    description?: string;
    kind: string;
    severity: string;
    generate?: boolean;
    filter?: string;
    /** What it is chained to, by the key that its kind has for that. */
    rules?: string[];
    after?: string;
    expect?: string;
    attacks?: { tactic?: string; technique?: string }[];
  };
}

const HEAD = `# The rules that come with Tocsin

What each is about, what it reads, and what to do when it makes an incident. They are in [policies/rules](../policies/rules), each with its tests; [policies](policies.md#built-in-rules) says how to change one or switch it off. A *building block* makes no incident of its own: other rules are chained to it. *Needs* says which sensors have such events (of a chain, those of its steps); where it names a kind of event alone, any source that reports it will do. Made by \`node scripts/rules-doc.ts\`.
`;

interface Chapter {
  file: string;
  title: string;
  about: string;
  rules: Rule[];
}

function chapters(): Chapter[] {
  return globSync('policies/rules/*.yaml', { cwd: ROOT })
    .toSorted()
    .map((file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const lines = text.split('\n');
      const comment = lines.slice(
        0,
        lines.findIndex((line) => !line.startsWith('#')),
      );
      const [title = '', ...about] = comment.map((line) => line.replace(/^# ?/, '')).filter((line) => line !== '');
      return { file, title, about: about.join(' '), rules: parseYamlDocuments(text, file).map(({ value }) => value as Rule) };
    });
}

/** The page as it should be. */
export function rulesPage(): string {
  const all = chapters();
  const byName = new Map(all.flatMap(({ rules }) => rules).map((rule) => [rule.metadata.name, rule]));
  return [HEAD, ...all.map((chapter) => chapterText(chapter, byName))].join('\n');
}

function chapterText({ file, title, about, rules }: Chapter, byName: ReadonlyMap<string, Rule>): string {
  const rows = rules.map(
    (rule) =>
      `| [${rule.metadata.name}](#${rule.metadata.name}) | ${rule.spec.title} | ${severityOf(rule)} | \`${rule.spec.kind}\` | ${techniques(rule)} | ${needs(rule, byName).join(', ')} |`,
  );
  const table = ['| rule | title | severity | kind | ATT&CK | needs |', '| --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
  return `## ${title}\n\n${about} In [${basename(file)}](../${file}).\n\n${table}\n\n${rules.map(section).join('\n')}`;
}

function severityOf({ spec: { generate = true, severity } }: Rule): string {
  return generate ? severity : 'building block';
}

function section(rule: Rule): string {
  const { title, description = '' } = rule.spec;
  return `### ${rule.metadata.name}\n\n*${title}.* ${description.trim()}\n\nReads: ${reads(rule)}.\n`;
}

function techniques({ spec: { attacks = [] } }: Rule): string {
  return attacks.flatMap(({ technique }) => (technique === undefined ? [] : [link(technique)])).join(', ');
}

function link(technique: string): string {
  return `[${technique}](https://attack.mitre.org/techniques/${technique.replace('.', '/')}/)`;
}

function chainedTo({ spec: { rules = [], after, expect } }: Rule): string[] {
  return [...new Set([...rules, ...(after === undefined ? [] : [after]), ...(expect === undefined ? [] : [expect])])];
}

interface Reading {
  /** Kinds of events. */
  kinds: string[];
  /** Names that sensors give to events, by the sensor. */
  names: Map<string, string[]>;
}

/** What a filter asks for; what it leaves out is no part of it. */
function readingOf(filter: string): Reading {
  const wanted = filter.replaceAll(/!\(violation\.name in \[[^\]]*\]\)|!violation\.name\.startsWith\("[^"]*"\)/g, '');
  const texts = (pattern: RegExp): string[] =>
    [...wanted.matchAll(pattern)].flatMap(([found]) => [...found.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text));
  const names = [
    ...texts(/violation\.name (?:==|in) (?:"[^"]*"|\[[^\]]*\])/g),
    ...texts(/violation\.name\.startsWith\("[^"]*"\)/g).map((prefix) => `${prefix}…`),
  ];
  return { kinds: [...new Set(texts(/violation\.kind (?:==|in) (?:"[^"]*"|\[[^\]]*\])/g))], names: Map.groupBy(new Set(names), sensorOf) };
}

/** Rules of Falco's plugin k8saudit, which needs the audit log of the cluster. */
const K8S_AUDIT =
  /^(K8s |Attach|EphemeralContainers|Create (Privileged|Sensitive Mount|HostPid|HostIPC) |ClusterRole|System ClusterRole|Anonymous Request)/;

function sensorOf(name: string): string {
  if (name.startsWith('Detection degraded')) return 'Tocsin';
  // As NeuVector names its events; Falco's rules are sentences.
  if (/^[A-Z][A-Za-z]*\./.test(name)) return 'NeuVector';
  return K8S_AUDIT.test(name) ? 'Falco (k8saudit)' : 'Falco';
}

/** The sensors or kinds of events without which the rule finds nothing, those of its steps included. */
function needs(rule: Rule, byName: ReadonlyMap<string, Rule>): string[] {
  const steps = chainedTo(rule).flatMap((name) => needs(byName.get(name) as Rule, byName));
  if (rule.spec.filter === undefined) return [...new Set(steps)].toSorted();
  const { kinds, names } = readingOf(rule.spec.filter);
  if (kinds.length > 0) return kinds.map((kind) => `\`${kind}\` events`);
  return names.size === 0 ? ['any events'] : [...names.keys()].toSorted();
}

function reads(rule: Rule): string {
  const steps = chainedTo(rule).map((name) => `[${name}](#${name})`);
  if (rule.spec.filter === undefined) return steps.join(', ');
  const { kinds, names } = readingOf(rule.spec.filter);
  const named = [...names]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([sensor, list]) => `${sensor}: ${list.map((name) => `\`${name}\``).join(', ')}`);
  const parts = [...(kinds.length === 0 ? [] : [`events of the kind ${kinds.map((kind) => `\`${kind}\``).join(', ')}`]), ...named];
  return parts.length === 0 ? 'any events' : parts.join('; ');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = rulesPage();
  if (!process.argv.includes('--check')) writeFileSync(RULES_PAGE, page);
  else if (readFileSync(RULES_PAGE, 'utf8') !== page) {
    process.stderr.write('docs/rules.md is not as policies/rules are; run `node scripts/rules-doc.ts`.\n');
    process.exitCode = 1;
  }
}
