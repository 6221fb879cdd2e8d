import type { Attack } from '@tocsin/domain';
import { listOf, textOf, type SigmaDocument, type SigmaMap } from './document.js';

const LEVELS: readonly string[] = ['informational', 'low', 'medium', 'high', 'critical'];
const TITLE_MAX = 200;

/** What a rule says beside its condition, in the words of Tocsin's documents. */
export function describe({ value, title, remarks }: SigmaDocument): { annotations: Record<string, string>; spec: Record<string, unknown> } {
  const level = textOf(value, 'level');
  if (level !== undefined && !LEVELS.includes(level)) remarks.note(['level'], `is "${level}", which Sigma does not know; taken for medium`);
  const attacks = attacksOf(listOf(value, 'tags'));
  const description = descriptionOf(value);
  return {
    annotations: annotationsOf(value),
    spec: {
      title: title.slice(0, TITLE_MAX),
      ...(description !== undefined && { description }),
      severity: level !== undefined && LEVELS.includes(level) ? level : 'medium',
      ...(attacks.length > 0 && { attacks }),
    },
  };
}

function descriptionOf(value: SigmaMap): string | undefined {
  const falsePositives = listOf(value, 'falsepositives').filter((text) => !/^(unknown|none|unlikely)\.?$/i.test(text));
  const parts = [
    textOf(value, 'description'),
    falsePositives.length === 0 ? undefined : `False positives: ${falsePositives.map((one) => one.replace(/\.$/, '')).join('; ')}.`,
  ];
  const text = parts.filter((part) => part !== undefined).join('\n\n');
  return text === '' ? undefined : text;
}

/** Where it comes from; the licence of Sigma's rules asks that their authors are named. */
function annotationsOf(value: SigmaMap): Record<string, string> {
  const keys = ['id', 'author', 'license', 'status', 'date', 'modified'];
  const single = keys.flatMap((key) => {
    const text = textOf(value, key);
    return text === undefined ? [] : [[`sigmahq.io/${key}`, text] as const];
  });
  const references = listOf(value, 'references');
  return Object.fromEntries([...single, ...(references.length === 0 ? [] : [['sigmahq.io/references', references.join(' ')] as const])]);
}

/** `attack.t1059.004` and `attack.privilege-escalation`; where there is one tactic, the techniques belong to it. */
export function attacksOf(tags: readonly string[]): Attack[] {
  const named = tags.flatMap((tag) => (tag.toLowerCase().startsWith('attack.') ? [tag.slice('attack.'.length).toLowerCase()] : []));
  const techniques = named.filter((name) => /^t\d{4}(\.\d{3})?$/.test(name)).map((name) => name.toUpperCase());
  // Groups (g0032) and software (s0002) are neither.
  const tactics = named.filter((name) => /^[a-z]+([_-][a-z]+)*$/.test(name)).map((name) => name.replaceAll('-', '_'));
  const [tactic, ...more] = tactics;
  if (tactic !== undefined && more.length === 0 && techniques.length > 0) return techniques.map((technique) => ({ tactic, technique }));
  return [...tactics.map((name) => ({ tactic: name })), ...techniques.map((technique) => ({ technique }))];
}
