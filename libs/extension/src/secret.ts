import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { describeKnown } from './nearest.js';

export type SecretRef = { file: string } | { env: string };

const EXPECTED = 'expected a reference to a secret, { file: /path } or { env: NAME }';

/**
 * Secrets stand in files or in the environment, never in a document. Written by hand because the messages of a zod
 * union would print what was found, and what was found may be the secret.
 */
export const secretRef = z
  .unknown()
  .transform((value, context): SecretRef => {
    const refuse = (message: string, path: string[] = []): never => {
      context.addIssue({ code: 'custom', message, path });
      return z.NEVER;
    };
    if (value === undefined || value === null) return refuse(`is missing; ${EXPECTED}`);
    if (typeof value !== 'object' || Array.isArray(value)) return refuse(`is not a reference; ${EXPECTED}, so that the document holds no secret`);
    const keys = Object.keys(value);
    for (const key of keys) {
      if (key !== 'file' && key !== 'env') return refuse(`is not a known key; ${describeKnown(key, ['env', 'file'])}`, [key]);
    }
    if (keys.length !== 1) return refuse(`has ${keys.length === 0 ? 'no key' : 'both keys'}; ${EXPECTED}`);
    const { file, env } = value as { file?: unknown; env?: unknown };
    if (typeof file === 'string' && file !== '') return { file };
    if (typeof env === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(env)) return { env };
    return file === undefined ? refuse('is not the name of an environment variable', ['env']) : refuse('is not the path of a file', ['file']);
  })
  .meta({
    type: 'object',
    properties: { file: { type: 'string', minLength: 1 }, env: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' } },
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  });

/** Reads the secret, without a trailing line end. The error names the reference, never the value. */
export async function resolveSecret(ref: SecretRef, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if ('env' in ref) {
    const value = env[ref.env];
    if (value === undefined || value === '') throw new Error(`The environment variable ${ref.env} is not set; a secret refers to it.`);
    return value;
  }
  let text: string;
  try {
    text = await readFile(ref.file, 'utf8');
  } catch (cause) {
    throw new Error(`The secret file ${ref.file} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}).`, { cause });
  }
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new Error(`The secret file ${ref.file} is empty.`);
  return value;
}
