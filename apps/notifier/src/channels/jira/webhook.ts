import { z } from 'zod';

/** As far as we read one. */
const user = z.object({ accountId: z.string().optional(), name: z.string().optional(), displayName: z.string().optional() });

const comment = z.object({ id: z.string().optional(), author: user.optional(), body: z.unknown(), created: z.string().optional() });

/** As far as we read one. */
const issue = z.object({
  id: z.string(),
  key: z.string().default(''),
  fields: z
    .object({
      labels: z.array(z.string()).optional(),
      status: z.object({ id: z.string().optional(), statusCategory: z.object({ key: z.string().optional() }).optional() }).optional(),
      assignee: user.nullish(),
      resolution: z.object({ name: z.string().optional() }).nullish(),
      updated: z.string().optional(),
      comment: z.object({ comments: z.array(comment).optional() }).optional(),
    })
    .optional(),
});

export type JiraUser = z.infer<typeof user>;
export type JiraIssue = z.infer<typeof issue>;

/** https://developer.atlassian.com/cloud/jira/platform/webhooks/#example-callback-for-an-issue-related-event. */
const event = z.object({
  webhookEvent: z.string().optional(),
  timestamp: z.number().optional(),
  user: user.optional(),
  issue,
  comment: comment.optional(),
});

export type WebhookEvent = z.infer<typeof event>;

/** Undefined for what is no event of a ticket. */
export function readWebhook(body: Buffer): WebhookEvent | undefined {
  try {
    return event.safeParse(JSON.parse(body.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
