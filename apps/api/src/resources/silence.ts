import { COMMENT_MAX, type Silence } from '@tocsin/domain';
import { z } from 'zod';
import { time } from './violation.js';

export const silence: z.ZodType<Silence> = z.object({
  id: z.string(),
  filter: z.string().describe('CEL over `incident`.'),
  starts_at: time,
  ends_at: time,
  author: z.string(),
  comment: z.string(),
  created_at: time,
});

const instant = z.iso.datetime({ offset: true, error: 'expected an RFC 3339 time, for example 2026-09-14T14:02:11Z' });

export const silenceBody = z.strictObject({
  filter: z.string({ error: 'expected a condition (CEL over incident)' }).min(1, { error: 'expected a condition (CEL over incident)' }),
  starts_at: instant.exactOptional().describe('Now when absent.'),
  ends_at: instant.describe('At most a year after it begins.'),
  author: z.string().min(1).max(200).exactOptional().describe('Who asks when absent.'),
  comment: z
    .string({ error: 'expected a text that says why' })
    .min(1, { error: 'expected a text that says why' })
    .max(COMMENT_MAX, { error: `expected at most ${COMMENT_MAX} characters` }),
});
