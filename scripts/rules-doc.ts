// docs/rules.md, made of policies/rules: `node scripts/rules-doc.ts` writes it anew.
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
    attacks?: { tactic?: string; technique?: string }[];
    tests?: unknown[];
  };
}

const HEAD = `# The rules that come with Tocsin

What each is about, and what to do when it makes an incident. They are in [policies/rules](../policies/rules), each with its tests; [policies](policies.md) says how to change one or switch it off. *Building blocks* make no incident of their own: other rules are chained to them. Made by \`node scripts/rules-doc.ts\`.
`;

/** The page as it should be. */
export function rulesPage(): string {
  const files = globSync('policies/rules/*.yaml', { cwd: ROOT }).toSorted();
  const chapters = files.map((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const [title = '', ...about] = text
      .split('\n')
      .slice(
        0,
        text.split('\n').findIndex((line) => !line.startsWith('#')),
      )
      .map((line) => line.replace(/^# ?/, ''))
      .filter((line) => line !== '');
    const rules = parseYamlDocuments(text, file)
      .map(({ value }) => value as Rule)
      .map(section);
    return `## ${title}\n\n${about.join(' ')}\n\n[${basename(file)}](../${file})\n\n${rules.join('\n')}`;
  });
  return `${HEAD}\n${chapters.join('\n')}`;
}

function section({ metadata, spec }: Rule): string {
  const { title, description = '', kind, severity, generate = true, attacks = [] } = spec;
  const techniques = attacks.flatMap(({ technique }) => (technique === undefined ? [] : [link(technique)]));
  const facts = [generate ? `${severity}` : 'building block', `\`${kind}\``, ...techniques].join(' · ');
  return `### ${title}\n\n\`${metadata.name}\` · ${facts}\n\n${description.trim()}\n`;
}

function link(technique: string): string {
  return `[${technique}](https://attack.mitre.org/techniques/${technique.replace('.', '/')}/)`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(RULES_PAGE, rulesPage());
