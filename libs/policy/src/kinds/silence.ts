import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, condition, parsePart } from './parse.js';

/** A moment as RFC 3339; YAML without quotes gives the same text. */
const time = z.iso.datetime({ offset: true, error: 'expected a time such as "2026-11-23T14:00:00Z"' });

export const silenceSpec = z
  .strictObject({
    filter: condition('incident').describe('CEL over `incident`: which incidents nobody is told of and nothing is done about.'),
    startsAt: time.optional().describe('When it begins. Default: it has begun.'),
    endsAt: time.describe('When it ends; every silence ends.'),
    author: z.string().min(1).max(200).describe('Who wants it.'),
    comment: z.string().min(1).max(2_000).describe('Why; it stands on every incident that is muted.'),
  })
  .refine(({ startsAt, endsAt }) => startsAt === undefined || Date.parse(startsAt) < Date.parse(endsAt), {
    path: ['endsAt'],
    message: 'is not after "startsAt"; a silence ends after it has begun',
    when: ({ issues }) => issues.length === 0,
  });

export interface SilenceSpec {
  filter: string;
  startsAt: string | undefined;
  endsAt: string;
  author: string;
  comment: string;
}

export type SilenceDocument = PolicyDocument<'Silence', SilenceSpec>;

export const silence: DocumentKind<'Silence', SilenceSpec> = {
  kind: 'Silence',
  spec: () => silenceSpec,
  parseSpec(doc, value, _schemas, issues) {
    const before = issues.length;
    const parsed = parsePart(doc, ['spec'], value, silenceSpec, issues);
    checkFilter(doc, ['spec', 'filter'], 'incident', issues);
    if (parsed === undefined || issues.length > before) return undefined;
    const { startsAt, ...rest } = parsed;
    return { ...rest, startsAt };
  },
};
