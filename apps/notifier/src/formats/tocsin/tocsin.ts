import { z } from 'zod';
import type { FormatKind } from '../format.js';
import { jsonBody } from '../json-body.js';

const tocsinConfig = z.strictObject({
  raw: z.boolean().default(true).describe("Whether a violation holds the sensor's own event as it arrived."),
});

export const tocsin: FormatKind<z.infer<typeof tocsinConfig>> = {
  type: 'tocsin',
  summary: 'The event as JSON, as it is on the log.',
  config: tocsinConfig,
  create: ({ raw }) => ({ asItIs: raw, write: (event) => ({ mediaType: 'application/json', body: jsonBody(event, raw) }) }),
};
