import { z } from 'zod';

export const CASE_STATES = ['creating', 'unknown', 'open', 'closed', 'orphaned'] as const;

export const incidentCase = z.object({
  subscription: z.string().describe('By which it is kept.'),
  state: z
    .enum(CASE_STATES)
    .describe('`unknown`: it was asked for, and a search decides whether it is there. `orphaned`: it is gone, or is not written to any more.'),
  name: z.string().exactOptional().describe('What people call it, such as SEC-7; absent while there is none.'),
  url: z.url().exactOptional(),
  reason: z.string().exactOptional().describe('Why it is orphaned.'),
  updated_at: z.iso.datetime(),
});
export type CaseBody = z.infer<typeof incidentCase>;

export const caseExample: CaseBody = {
  subscription: 'jira-sec',
  state: 'open',
  name: 'SEC-7',
  url: 'https://example.atlassian.net/browse/SEC-7',
  updated_at: '2026-09-14T14:02:13.000Z',
};

/** As it is listed, without its incident around it. */
export const listedCase = incidentCase.extend({
  subject: z.string().describe('Id of the incident; or of the digest, where a storm is one case.'),
  created_at: z.iso.datetime(),
});
export type ListedCaseBody = z.infer<typeof listedCase>;

export const listedCaseExample: ListedCaseBody = {
  subject: '7d1f0e52-7c3a-8b59-9f0a-3f6b2a7c9d10',
  ...caseExample,
  created_at: '2026-09-14T14:02:12.000Z',
};
