import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
} from 'yaml';
import type { z } from 'zod';
import { ConfigErrors, type ConfigIssue } from './config-error.js';
import { yamlMistakes } from './yaml-mistakes.js';
import { zodIssues } from './zod-issues.js';

export type Path = readonly PropertyKey[];

/** A parsed YAML document that still knows where each value stands. */
export interface YamlDoc {
  readonly file: string;
  readonly value: unknown;
  /** An issue at the value of that path, or at its key; at the nearest parent where the path does not exist. */
  issue(path: Path, message: string, at?: 'key' | 'value'): ConfigIssue;
}

/** Stops the "billion laughs": documents of people hardly use aliases at all. */
const MAX_ALIASES = 100;

/** No document of ours comes near it, and everything that walks through one may be recursive below it. */
const MAX_DEPTH = 100;
const TOO_DEEP = `has lists and maps within each other more than ${MAX_DEPTH} deep; nothing that is read here is`;

/** Parses a file of one or more documents; empty documents are left out. Throws `ConfigErrors` on YAML errors. */
export function parseYamlDocuments(text: string, file: string): YamlDoc[] {
  const lines = new LineCounter();
  const issues: ConfigIssue[] = [];
  const result: YamlDoc[] = [];
  for (const document of documentsOf(text, file, lines)) {
    const source: Source = { file, text, document, lines };
    try {
      const found = mistakes(source);
      if (found.length > 0) {
        issues.push(...found);
        continue;
      }
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (isDeeperThan(value, MAX_DEPTH)) issues.push(at(source, document.contents?.range?.[0] ?? 0, TOO_DEEP));
      else if (value !== null && value !== undefined) result.push(new Located(source, value));
    } catch (error) {
      // What is left is an alias that expands too often, and nesting too deep for the stack.
      const message = error instanceof RangeError ? TOO_DEEP : `is not valid YAML: ${error instanceof Error ? error.message : String(error)}`;
      issues.push(at(source, document.contents?.range?.[0] ?? 0, message));
    }
  }
  if (issues.length > 0) throw new ConfigErrors(issues);
  return result;
}

/** The parser is recursive, and takes a text that nests deeply enough for a mistake of its own. */
function documentsOf(text: string, file: string, lines: LineCounter): readonly Document[] {
  try {
    return parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigErrors([{ file, path: '', message: TOO_DEEP }]);
    throw error;
  }
}

/** Aliases make objects shared, and may put a list into itself: each is looked at once a level, or the work would double at every level. */
function isDeeperThan(value: unknown, max: number): boolean {
  let level = new Set([value]);
  for (let depth = 0; level.size > 0; depth++) {
    if (depth > max) return true;
    level = new Set([...level].flatMap((one): unknown[] => (typeof one === 'object' && one !== null ? Object.values(one) : [])));
  }
  return false;
}

interface Source {
  file: string;
  text: string;
  document: Document;
  lines: LineCounter;
}

function at({ file, lines }: Source, offset: number, message: string): ConfigIssue {
  const { line, col } = lines.linePos(offset);
  return { file, line, column: col, path: '', message };
}

function mistakes(source: Source): ConfigIssue[] {
  // A tag that YAML does not know is only a warning to the parser, which then drops it: `!secret x` would be the text x.
  const problems: readonly YAMLError[] = [...source.document.errors, ...source.document.warnings];
  if (problems.length > 0) return yamlMistakes(problems, source.text).map(({ offset, message }) => at(source, offset, message));
  const issues: ConfigIssue[] = [];
  let aliases = 0;
  visit(source.document, {
    Alias(_, alias) {
      // To resolve one walks through the document.
      if (++aliases > MAX_ALIASES) {
        issues.push(at(source, offsetOf(alias), `is alias number ${aliases}, and a document may have ${MAX_ALIASES}; write the value out`));
        return visit.BREAK;
      }
      if (alias.resolve(source.document) === undefined) {
        issues.push(
          at(
            source,
            offsetOf(alias),
            `has the alias "*${alias.source}" without an anchor "&${alias.source}" before it; if it is text, put it in quotes`,
          ),
        );
      }
    },
    // JavaScript would turn such keys into text silently, and no path would find them again.
    Pair(_, { key }) {
      if (isScalar(key) && typeof key.value === 'string') return;
      if (isScalar(key)) issues.push(at(source, offsetOf(key), `has the key ${String(key.value)}, which is not text; write it in quotes`));
      else if (isNode(key)) issues.push(at(source, offsetOf(key), `has a ${isAlias(key) ? 'reference' : 'list or map'} as a key; a key is text`));
    },
  });
  return issues;
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

class Located implements YamlDoc {
  readonly file: string;
  readonly value: unknown;
  readonly #source: Source;

  constructor(source: Source, value: unknown) {
    this.file = source.file;
    this.value = value;
    this.#source = source;
  }

  issue(path: Path, message: string, place: 'key' | 'value' = 'value'): ConfigIssue {
    const offset = this.#offset(path, place);
    const position = offset === undefined ? undefined : this.#source.lines.linePos(offset);
    return {
      file: this.file,
      ...(position === undefined ? {} : { line: position.line, column: position.col }),
      path: formatPath(path),
      message,
    };
  }

  #offset(path: Path, place: 'key' | 'value'): number | undefined {
    if (place === 'key' && path.length > 0) {
      const key = this.#pair(path)?.key;
      if (isNode(key)) return offsetOf(key);
    }
    for (let length = path.length; length >= 0; length--) {
      const node = this.#node(path.slice(0, length));
      if (node !== undefined) return offsetOf(node);
    }
    return undefined;
  }

  #node(path: Path): Node | undefined {
    const { document } = this.#source;
    const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
    return isNode(node) ? node : undefined;
  }

  #pair(path: Path): Pair | undefined {
    const parent = this.#node(path.slice(0, -1));
    if (!isMap(parent)) return undefined;
    return parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === path.at(-1));
  }
}

/** `spec.channel.servers[0].host`; a key that is not a plain word stands in brackets: `labels["a.b"]`. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const key = String(part);
      if (!/^[\w-]+$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** Parses a file of exactly one document by the schema; an empty file is an empty map. */
export function parseYaml<T>(text: string, file: string, schema: z.ZodType<T>): T {
  const documents = parseYamlDocuments(text, file);
  const [document, second] = documents;
  if (second !== undefined) throw new ConfigErrors([second.issue([], `is the start of another document, expected one in this file`)]);
  return parseValue(schema, document ?? { file, value: {}, issue: (path, message) => ({ file, path: formatPath(path), message }) });
}

export function parseValue<T>(schema: z.ZodType<T>, document: YamlDoc): T {
  const result = schema.safeParse(document.value, { reportInput: true });
  if (result.success) return result.data;
  throw new ConfigErrors(zodIssues(result.error, document, schema));
}
