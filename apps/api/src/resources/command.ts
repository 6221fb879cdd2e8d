import { COMMENT_MAX, RESOLUTION_REASONS, type IncidentCommandBody, type IncidentCommandType } from '@tocsin/domain';
import { z } from 'zod';

const comment = z
  .string({ error: 'expected a text' })
  .max(COMMENT_MAX, { error: `expected at most ${COMMENT_MAX} characters` })
  .describe('Why; it stays in the history.');
/** A comment that may be left out. */
export const optionalComment = comment.exactOptional();

/** The bodies that commands take, by the last part of their path. */
export const commandBodies = {
  acknowledge: z.strictObject({ comment: optionalComment }),
  assign: z.strictObject({
    assignee: z.string({ error: 'expected a text' }).max(200, { error: 'expected at most 200 characters' }).describe('Empty: to nobody.'),
    comment: optionalComment,
  }),
  note: z.strictObject({ comment: comment.min(1, { error: 'expected a text that is not empty' }) }),
  resolve: z.strictObject({
    reason: z.enum(RESOLUTION_REASONS, { error: `expected one of ${RESOLUTION_REASONS.join(', ')}` }),
    comment: optionalComment,
  }),
  reopen: z.strictObject({ comment: optionalComment }),
  merge: z.strictObject({
    into: z.uuid({ error: 'expected the id of an incident' }).describe('The incident that takes its violations.'),
    comment: optionalComment,
  }),
} as const satisfies { [K in IncidentCommandType]: z.ZodType<Omit<Extract<IncidentCommandBody, { type: K }>, 'type'>> };

export const COMMAND_TYPES = Object.keys(commandBodies) as IncidentCommandType[];

export const command = z.object({
  id: z.string(),
  incident: z.string().exactOptional(),
  action: z.string().exactOptional(),
  state: z.enum(['pending', 'applied', 'refused']).describe('Commands are carried out in the order in which they were said.'),
  reason: z.string().exactOptional().describe('Why it was refused.'),
});

export type CommandBody = z.infer<typeof command>;
