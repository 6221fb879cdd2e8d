import type { ParseArgsConfig } from 'node:util';
import { describeKnown } from '@tocsin/extension';

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** All that comes by standard input. */
  input(): Promise<Buffer>;
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

export const OUTPUT = { type: 'string', short: 'o' } as const;
const OUTPUTS = ['text', 'json'];

/** Whether `--output json` was asked for. */
export function wantsJson(given: Given): boolean {
  const output = textOption(given, 'output') ?? 'text';
  if (!OUTPUTS.includes(output)) throw new UsageError(`"${output}" is no output; ${describeKnown(output, OUTPUTS)}`);
  return output === 'json';
}

export function asJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
