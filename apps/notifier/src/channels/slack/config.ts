import { duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import { httpConnection, receiverUrl } from '../http-options.js';

export const slackConfig = z
  .strictObject({
    /** The address of an incoming webhook; whoever knows it may post. Messages by it are never changed. */
    webhook: secretRef.optional(),
    /** A bot's token (`xoxb-…`) with the scope `chat:write`; with `channels:history` a lost answer makes no second message. */
    token: secretRef.optional(),
    /** Id of the conversation, such as C0123456789. With `token`. */
    conversation: z
      .string()
      .regex(/^[CGD][A-Z0-9]{5,}$/, 'expected the id of a conversation, such as C0123456789')
      .optional(),
    /** The app's signing secret; with it messages have buttons. */
    signingSecret: secretRef.optional(),
    /** Who may press buttons: Slack's user id, and who that is to Tocsin. Nobody else may. */
    people: z.record(z.string().regex(/^[UW][A-Z0-9]{5,}$/, 'is not the id of a user'), z.string().min(1).max(100)).default({}),
    /** How long a button works. */
    buttonsFor: duration.prefault('24h'),
    /** Base of the Web API. */
    api: receiverUrl.default('https://slack.com/api'),
    ...httpConnection,
  })
  .refine(({ webhook, token }) => (webhook === undefined) !== (token === undefined), 'expected one of "webhook" and "token"')
  .refine(({ token, conversation }) => (token === undefined) === (conversation === undefined), 'needs "conversation" with "token", and only then')
  .refine(({ signingSecret, token }) => signingSecret === undefined || token !== undefined, 'has "signingSecret", which needs "token"');

export type SlackConfig = z.infer<typeof slackConfig>;
