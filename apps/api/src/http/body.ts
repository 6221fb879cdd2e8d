import { describeKnown } from '@tocsin/extension';
import { Problem } from '@tocsin/runtime/nest';
import type { z } from 'zod';
import { BadParameters } from './query.js';

/** Reads a JSON body. Throws a `Problem` when it is none, and `BadParameters` with all mistakes in it at once. */
export function readBody<T>(schema: z.ZodType<T> & { shape: object }, contentType: string | undefined, body: unknown): T {
  // A form of a web page cannot send this type without asking first.
  if (contentType === undefined || !/^application\/json\s*(;|$)/i.test(contentType)) {
    throw new Problem({ status: 415, detail: 'Expected Content-Type: application/json.' });
  }
  const parsed = schema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  throw new BadParameters(
    parsed.error.issues.flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [{ parameter: issue.path.join('.') || 'body', detail: issue.message }];
      return issue.keys.map((key) => ({
        parameter: key.slice(0, 100),
        detail: `is no field here; ${describeKnown(key.slice(0, 50), Object.keys(schema.shape))}`,
      }));
    }),
  );
}

function parseJson(body: unknown): unknown {
  const text = Buffer.isBuffer(body) ? body.toString('utf8') : '';
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw new BadParameters([{ parameter: 'body', detail: `is not JSON: ${error instanceof Error ? error.message : String(error)}` }]);
  }
}
