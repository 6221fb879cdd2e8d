import { Document, Scalar, isMap, isScalar, isSeq, visit } from 'yaml';
import { API_VERSION } from '@tocsin/policy';
import type { SigmaDocument } from './document.js';
import { remarkText } from './report.js';

export interface WrittenRule {
  name: string;
  annotations: Record<string, string>;
  spec: Record<string, unknown>;
}

/** A rule as a document of its own, below what there is to say about it. */
export function writeRule(rule: WrittenRule, source: SigmaDocument): string {
  const { name, annotations, spec } = rule;
  const metadata = { name, ...(Object.keys(annotations).length > 0 && { annotations }) };
  const document = new Document({ apiVersion: API_VERSION, kind: 'CorrelationRule', metadata, spec });
  visit(document, {
    Scalar(key, node) {
      if (key !== 'key' && typeof node.value === 'string' && node.value.includes('\n')) node.type = Scalar.BLOCK_LITERAL;
    },
    Seq(_, node) {
      node.flow = node.items.every((item) => isScalar(item) || isFlat(item));
    },
    Map(key, node) {
      if (key !== null && isFlat(node) && node.items.length > 0) node.flow = true;
    },
  });
  return `${comments(source)}${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}

/** Comments alone, where no rule came of it. */
export function comments({ title, file, remarks }: SigmaDocument): string {
  const lost = remarks.list.filter(({ kind }) => kind === 'lost');
  const notes = remarks.list.filter(({ kind }) => kind === 'note');
  const lines = [
    `Made by "tocsin convert sigma" of "${title}" in ${file}.`,
    ...(lost.length === 0
      ? []
      : ['Not in force, since this has no equivalent and was left out:', ...lost.map((remark) => `- ${remarkText(remark)}`)]),
    ...notes.map((remark) => `- ${remarkText(remark)}`),
  ];
  return lines.map((line) => `# ${line.replaceAll(/\s*\n\s*/g, ' ')}\n`).join('');
}

/** Short enough for one line: `{ name: x }`. */
function isFlat(node: unknown): boolean {
  if (isSeq(node)) return false;
  return (
    isMap(node) &&
    node.items.every(({ value }) => isScalar(value) && String(value.value).length < 40 && !String(value.value).includes('\n')) &&
    node.items.length <= 3
  );
}
