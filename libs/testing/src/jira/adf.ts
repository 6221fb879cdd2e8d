/** A node of the Atlassian Document Format, as far as plain text needs it. */
interface Node {
  type?: unknown;
  version?: unknown;
  text?: unknown;
  content?: unknown;
  marks?: unknown;
  attrs?: unknown;
}

const INLINE = new Set(['text', 'hardBreak']);
const BLOCKS = new Set(['paragraph', 'codeBlock', 'heading', 'bulletList', 'rule']);

/**
 * What is wrong with a document; undefined when it is valid. Text nodes must not be empty, and blocks hold what they may:
 * https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
 */
export function adfMistake(value: unknown): string | undefined {
  const doc = (value ?? {}) as Node;
  if (doc.type !== 'doc' || doc.version !== 1 || !Array.isArray(doc.content)) return 'is not a document of version 1';
  return doc.content.map((block) => blockMistake(block as Node)).find((mistake) => mistake !== undefined);
}

function blockMistake({ type, content }: Node): string | undefined {
  if (typeof type !== 'string' || !BLOCKS.has(type)) return `has a block "${String(type)}"`;
  const inline = content ?? [];
  if (!Array.isArray(inline)) return `has a ${type} whose content is no list`;
  for (const node of inline as Node[]) {
    if (typeof node.type !== 'string' || !INLINE.has(node.type)) return `has "${String(node.type)}" in a ${type}`;
    if (node.type === 'text' && (typeof node.text !== 'string' || node.text === '')) return 'has an empty text';
  }
  return undefined;
}

export function adfText(value: unknown): string {
  const { content = [] } = value as { content?: Node[] };
  return content.map(({ content: inline }) => ((inline ?? []) as Node[]).map(({ type, text }) => textOfNode(type, text)).join('')).join('\n');
}

function textOfNode(type: unknown, text: unknown): string {
  if (type === 'hardBreak') return '\n';
  return typeof text === 'string' ? text : '';
}
