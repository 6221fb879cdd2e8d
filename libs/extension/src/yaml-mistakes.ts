import type { YAMLError } from 'yaml';

/** What keeps a text from being YAML, in words that say what to do; `offset` is where in the text. */
export interface YamlMistake {
  offset: number;
  message: string;
}

/** One mistake for each line: what follows on the same line mostly follows from the first. */
export function yamlMistakes(errors: readonly YAMLError[], text: string): YamlMistake[] {
  const duplicates = errors.filter((error) => error.code === 'DUPLICATE_KEY');
  // Where a document begins without its line, all its keys are there twice.
  const joined = duplicates.find((error) => keyAt(text, error.pos[0]) === 'apiVersion');
  const telling = errors.filter((error) => error.code !== 'DUPLICATE_KEY' || joined === undefined || error === joined);
  const lines = new Set<number>();
  // Of a long line the parser says something at every token; its ends are looked for once.
  let [begin, end] = [0, -1];
  return telling.flatMap((error) => {
    if (error.pos[0] > begin && error.pos[0] <= end) return [];
    begin = text.lastIndexOf('\n', error.pos[0] - 1);
    end = text.indexOf('\n', error.pos[0]);
    if (end === -1) end = text.length;
    if (lines.has(begin)) return [];
    lines.add(begin);
    if (error.code === 'DUPLICATE_KEY') return [{ offset: error.pos[0], message: sayDuplicate(keyAt(text, error.pos[0])) }];
    const { offset = error.pos[0], advice } = explain(error, text);
    return [{ offset, message: `is not valid YAML: ${advice}` }];
  });
}

function keyAt(text: string, offset: number): string {
  return /^[^\s:]+/.exec(text.slice(offset, offset + 100))?.[0] ?? '';
}

function sayDuplicate(key: string): string {
  if (key === 'apiVersion') return 'has the key "apiVersion" twice; between two documents of a file there is a line "---"';
  return `has the key "${key}" twice; remove one of them, or mend the indentation`;
}

/** The parser's own words speak of tokens and scalars; these speak of what people write. */
function explain(error: YAMLError, text: string): { offset?: number; advice: string } {
  const offset = error.pos[0];
  const character = text.slice(offset, offset + 1);
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return { advice: 'a tab indents this line; use spaces' };
    case 'BAD_SCALAR_START':
      return { advice: `a text cannot begin with "${character}"; put it in quotes` };
    case 'TAG_RESOLVE_FAILED':
      return { advice: '"!" at the beginning marks a type; if it is text, put it in quotes' };
    case 'BAD_DQ_ESCAPE':
      return { advice: 'in double quotes "\\" changes what follows it; use single quotes, or write "\\\\"' };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return /:(?:\s|$)/.test(lineFrom(text, offset))
        ? { advice: 'this text holds ": ", which separates a key from its value; put the text in quotes' }
        : { advice: 'the next line is indented further than this one, which has a value already; indent both alike' };
    case 'MULTILINE_IMPLICIT_KEY':
      return { advice: 'this line has no "key: value"; write a colon and a space behind the key' };
    case 'MISSING_CHAR': {
      const quote = /^Missing closing (["'])/.exec(error.message)?.[1];
      if (quote === undefined) return { advice: 'this line has no "key: value"; write a colon and a space behind the key' };
      return {
        offset: Math.max(0, text.lastIndexOf(quote, offset - 1)),
        advice: `the text that begins with ${quote} here has no ${quote} at its end`,
      };
    }
    case 'BAD_INDENT': {
      const flow = /^Flow (?:sequence|map) .*([\]}])$/.exec(error.message)?.[1];
      if (flow === undefined) return { advice: 'this line is indented by another number of spaces than the lines that it belongs to' };
      const opening = flow === ']' ? '[' : '{';
      return {
        offset: openedAt(text, offset, opening, flow),
        advice: `"${opening}" is not closed; write "${flow}" at the end, and indent the lines between`,
      };
    }
    case 'UNEXPECTED_TOKEN':
      return { advice: explainUnexpected(text, offset, character) };
    default:
      return { advice: error.message };
  }
}

function explainUnexpected(text: string, offset: number, character: string): string {
  const before = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset).trimEnd();
  if (character === ']' || character === '}') return `"${character}" closes nothing`;
  if (before.endsWith('"')) return `there is more behind the closing quote; put the whole text in single quotes: '"a" == b'`;
  if (before.endsWith("'")) return "there is more behind the closing quote; within single quotes, a quote is written twice: 'it''s'";
  if (/[|>][-+\d]*$/.test(before)) return 'there is text behind "|" or ">"; begin it on the next line';
  if (character === '-') return 'a list begins on the line of its key; put each "- " on a line of its own';
  return 'this does not belong to what stands above it; mend the indentation';
}

function lineFrom(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(offset, end === -1 ? text.length : end);
}

/** Where the bracket stands that is still open at the offset. */
function openedAt(text: string, offset: number, opening: string, closing: string): number {
  let depth = 0;
  for (let index = offset - 1; index >= 0; index--) {
    if (text[index] === closing) depth++;
    else if (text[index] === opening && depth-- === 0) return index;
  }
  return offset;
}
