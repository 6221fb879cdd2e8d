import { z } from 'zod';
import type { FormatKind } from '../format.js';
import { jsonBody } from '../json-body.js';

const cloudeventsConfig = z.strictObject({
  raw: z.boolean().default(true).describe("Whether a violation holds the sensor's own event as it arrived."),
});

/** CloudEvents 1.0, JSON event format. */
export const cloudevents: FormatKind<z.infer<typeof cloudeventsConfig>> = {
  type: 'cloudevents',
  summary: 'CloudEvents 1.0 as JSON, the event as its data.',
  config: cloudeventsConfig,
  create: ({ raw }) => ({
    write(event) {
      const { id, source, type, time } = event.attributes;
      const subject = event.data.id;
      const attributes = JSON.stringify({ specversion: '1.0', id, source, type, time, subject, datacontenttype: 'application/json' });
      const body = Buffer.concat([Buffer.from(`${attributes.slice(0, -1)},"data":`), jsonBody(event, raw), Buffer.from('}')]);
      return { mediaType: 'application/cloudevents+json', body };
    },
  }),
};
