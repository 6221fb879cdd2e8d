import { z } from 'zod';
import { syntaxProblem } from './engine.js';

const MEDIA_TYPES = {
  line: 'text/plain; charset=utf-8',
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  none: 'text/plain; charset=utf-8',
};

export const templateConfig = z
  .strictObject({
    text: z
      .string()
      .min(1)
      .max(64 * 1024)
      .superRefine((text, context) => {
        const message = syntaxProblem(text);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .describe('In the Liquid language. Its variables are `violation`, `incident` or `action`, as `events` says, `event` and `severity`.'),
    escape: z
      .enum(['line', 'json', 'html', 'none'])
      .default('line')
      .describe('How a value is put in: on one line, as a JSON value with its quotes, as text in HTML, or as it is.'),
    mediaType: z
      .string()
      .regex(/^[a-z]+\/[\w.+-]+(;[ \w=.-]+)?$/, 'expected a media type such as "text/plain"')
      .optional()
      .describe('Default: as `escape` says.'),
    maxBytes: z
      .number()
      .int()
      .min(1)
      .max(1024 * 1024)
      .default(64 * 1024)
      .describe('An event for which the template writes more goes to the dead letters.'),
  })
  .transform(({ mediaType, ...rest }) => ({ ...rest, mediaType: mediaType ?? MEDIA_TYPES[rest.escape] }));

export type TemplateConfig = z.output<typeof templateConfig>;
