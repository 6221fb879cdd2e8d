import type { ParseArgsConfig } from 'node:util';
import { describeKnown } from '@tocsin/extension';
import { stringify } from 'yaml';

export interface Terminal {
  /** Bytes as they are. */
  out(text: string | Buffer): void;
  err(text: string): void;
  /** All that comes by standard input. */
  input(): Promise<Buffer>;
  /** Aborts when somebody interrupts the command; for those that end then, and else would not. */
  interrupted(): AbortSignal;
}

/** 0: fine. 1: something was found. 2: it was called wrongly, or could not be done. */
export type ExitCode = 0 | 1 | 2;

export interface Command {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** What stands after the name, and what it is about, for `--help`. */
  usage: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** What the first word after the name may be, for completion; absent: anything. */
  words?: readonly string[];
  run(given: Given, terminal: Terminal): Promise<ExitCode>;
}

export interface Given {
  positionals: readonly string[];
  values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
}

/** It was called wrongly; the message says how it is meant. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The text of an option that takes one. */
export function textOption({ values }: Given, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The only word after the name, ready for a path. */
export function one({ positionals }: Given, what: string): string {
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0) throw new UsageError(`expected ${what}`);
  return encodeURIComponent(id);
}

export const OUTPUT = { type: 'string', short: 'o' } as const;
export const OUTPUT_USAGE = '  -o, --output  text, json or yaml\n';
const OUTPUTS = ['text', 'json', 'yaml'];

/** For scripts the value, by `--output json` or `yaml`; for people what `text` makes of it. */
export function shown(given: Given, value: unknown, text: () => string): string {
  const output = textOption(given, 'output') ?? 'text';
  if (!OUTPUTS.includes(output)) throw new UsageError(`"${output}" is no output; ${describeKnown(output, OUTPUTS)}`);
  if (output === 'text') return text();
  return output === 'yaml' ? stringify(value, { lineWidth: 0 }) : `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Columns under their names, as wide as what stands in them; the last one is as long as it is. */
export function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [names.map((name) => name.toUpperCase()), ...rows.map((row) => row.map(oneLine))];
  const widths = names.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Sensors report what attackers write: control characters must not reach the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
