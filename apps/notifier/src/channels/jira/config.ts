import { duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import { ATTACH_MAX_BYTES } from '../../cases/attachments.js';
import { fieldsConfig } from '../../cases/fields.js';
import { httpAuth, httpConnection, receiverUrl } from '../http-options.js';

export const jiraConfig = z.strictObject({
  /** Base address: `https://<site>.atlassian.net`, or that of a Data Center. */
  url: receiverUrl,
  /** `cloud` (REST v3, ADF) or `datacenter` (v2, wiki text); `auto` asks the server. */
  flavor: z.enum(['auto', 'cloud', 'datacenter']).default('auto'),
  /** Cloud: `basic` with the account's mail address and an API token, or `oauth2`. Data Center: `bearer` with a personal access token. */
  auth: httpAuth,
  /** Key of the project. */
  project: z.string().regex(/^[A-Z][A-Z0-9_]+$/, 'expected the key of a project, such as SEC'),
  issueType: z.string().min(1).default('Task'),
  /** Names of priorities by severity; those that are left out are not set. */
  priorities: z.partialRecord(z.enum(['informational', 'low', 'medium', 'high', 'critical', 'fatal']), z.string().min(1)).default({}),
  /** Beside our own two, by which a ticket is found again. */
  labels: z.array(z.string().regex(/^\S{1,255}$/, 'expected a label without spaces')).default([]),
  components: z.array(z.string().min(1)).default([]),
  /** More fields of new tickets, as Jira's API takes them; texts are templates. */
  fields: fieldsConfig(z.unknown()).default({}),
  /** For how long a search may miss a new ticket. */
  searchLag: duration.prefault('60s'),
  /** Secret of the webhook that Jira calls us by. */
  webhookSecret: secretRef.optional(),
  /** How often Jira is asked what was said there; `0s`: never. For where it cannot call us. */
  poll: duration.prefault('0s'),
  /** Whether comments tell what actions collected: names, sizes and hashes. */
  evidence: z.boolean().default(true),
  /** Artefacts of at most so many bytes are attached; 0: none. Whoever sees the ticket sees them, and captures hold passwords. */
  attachMaxBytes: z.number().int().min(0).max(ATTACH_MAX_BYTES).default(0),
  ...httpConnection,
});

export type JiraConfig = z.infer<typeof jiraConfig>;
