import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SEVERITIES, severityId, type SeverityId } from '@tocsin/domain';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time as people write it: `30s`, `5m`, `1h`, `2d`, `500ms`; parsed to milliseconds. */
export const duration = z.string().transform((text, context) => {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) {
    context.addIssue({ code: 'custom', message: `is "${text}", expected a duration such as "30s", "5m", "1h" or "2d"` });
    return z.NEVER;
  }
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
});

/** An OCSF severity caption in any case, parsed to `severity_id`. */
export const severity = z.string().transform((text, context): SeverityId => {
  const id = severityId(text);
  if (id !== undefined) return id;
  const known = Object.values(SEVERITIES).map((name) => name.toLowerCase());
  context.addIssue({ code: 'custom', message: `is "${text}", expected one of: ${known.join(', ')}` });
  return z.NEVER;
});

/** Secrets stand in files or in the environment, never in a document. */
export const secretRef = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected the name of an environment variable') }),
]);
export type SecretRef = z.infer<typeof secretRef>;

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
