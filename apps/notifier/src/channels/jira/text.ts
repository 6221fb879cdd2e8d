/** Jira takes so many characters of a text. */
const TEXT_MAX = 32_000;

/** Lines as paragraphs of the Atlassian Document Format; https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ */
export function toAdf(text: string): object {
  const lines = cut(text).split('\n');
  return {
    type: 'doc',
    version: 1,
    content: lines.map((line) => ({ type: 'paragraph', content: line === '' ? [] : [{ type: 'text', text: line }] })),
  };
}

/** The text of a document, or a text as it is. */
export function fromAdf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { content, text, type } = (value ?? {}) as { content?: unknown; text?: unknown; type?: unknown };
  if (typeof text === 'string') return text;
  if (!Array.isArray(content)) return type === 'hardBreak' ? '\n' : '';
  return content.map(fromAdf).join(type === 'doc' ? '\n' : '');
}

/** Text without the marks of wiki text, which an attacker could make links and images of. */
export function toWiki(text: string): string {
  return cut(text).replaceAll(/[\\*_{}[\]!|^~+?#@-]/g, '\\$&');
}

function cut(text: string): string {
  return text.length <= TEXT_MAX / 2 ? text : `${text.slice(0, TEXT_MAX / 2).replace(/[\ud800-\udbff]$/, '')}…`;
}
