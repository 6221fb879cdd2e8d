import type { z } from 'zod';
import type { Role } from '../access/principal.js';

/** One operation, as the OpenAPI document and the tests know it. */
export interface Route<Schema extends string = string> {
  method: 'get' | 'post' | 'delete';
  path: string;
  /** Also the name in generated clients. */
  operationId: string;
  summary: string;
  /** The least role that may do it. `anyone` needs no login. */
  role: Role | 'anyone';
  /** Its own work puts it in the audit; every other write is put there before it is done. */
  recorded?: 'by itself';
  query: z.ZodObject;
  /** What it takes, with an example. */
  body?: { schema: z.ZodObject; example: unknown };
  /** Answered when it succeeds; 200 when absent. */
  status?: 200 | 201 | 202;
  /** It may be senseless as things stand. */
  conflicts?: true;
  /** Name of the response's schema; bytes and streams of events have none. */
  response: Schema | 'bytes' | 'events';
  example: unknown;
}
