import type { ApiToken } from '@tocsin/store';
import { z } from 'zod';
import { ROLES, type Principal } from '../access/principal.js';
import { time } from './violation.js';

export const apiToken = z.object({
  id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  person: z.string().exactOptional().describe('Whose it is; absent: of a service, which may not approve.'),
  operations: z.array(z.string()).exactOptional().describe('The only operations that it may do; absent: all that its role may.'),
  created_at: time,
  created_by: z.string(),
  expires_at: time,
  used_at: time.exactOptional().describe('When it was shown last, to the minute.'),
  revoked_at: time.exactOptional(),
  revoked_by: z.string().exactOptional(),
});

export type ApiTokenBody = z.infer<typeof apiToken>;

export const madeToken = apiToken.extend({ token: z.string().describe('The token itself. It is shown here alone: only a hash of it is kept.') });

export const DAYS_DEFAULT = 90;
const DAYS_MAX = 366;

export const tokenBody = z.strictObject({
  name: z.string({ error: 'expected what the token is for' }).regex(/^[\w.@-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, and . _ @ -' }),
  role: z.enum(ROLES, { error: `expected one of ${ROLES.join(', ')}` }),
  person: z
    .string()
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?$/, { error: 'expected a name of 1 to 100 printable ASCII characters' })
    .exactOptional()
    .describe('Whose it is, as the history and the audit name them. Without it the token is of a service, which may not approve.'),
  operations: z.array(z.string()).min(1).max(100).exactOptional().describe('`operationId`s: the only operations that it may do.'),
  days: z
    .int({ error: `expected whole days, 1 to ${DAYS_MAX}` })
    .min(1, { error: `expected whole days, 1 to ${DAYS_MAX}` })
    .max(DAYS_MAX, { error: `expected whole days, 1 to ${DAYS_MAX}` })
    .default(DAYS_DEFAULT)
    .describe('How long it is good for.'),
});

export const session = z.object({
  actor: z.string().exactOptional().describe('Who asks; absent when nobody is logged in.'),
  role: z.enum(ROLES).exactOptional(),
  kind: z.enum(['local', 'bootstrap', 'token', 'session', 'oidc']).exactOptional().describe('How it is known who asks.'),
  person: z.boolean().exactOptional().describe('Whether it is a person, who may approve.'),
  teams: z.array(z.string()).exactOptional(),
  login: z.object({ token: z.boolean(), oidc: z.boolean() }).describe('How browsers may log in.'),
});

export type SessionBody = z.infer<typeof session>;

export const sessionBody = z.strictObject({ token: z.string({ error: 'expected a token' }).min(1, { error: 'expected a token' }).max(8_192) });

export function showToken(token: ApiToken): ApiTokenBody {
  const { id, name, role, person, operations, usedAt, revokedAt, revokedBy } = token;
  return {
    id,
    name,
    role: role as ApiTokenBody['role'],
    ...(person !== undefined && { person }),
    ...(operations !== undefined && { operations: [...operations] }),
    created_at: token.createdAt,
    created_by: token.createdBy,
    expires_at: token.expiresAt,
    ...(usedAt !== undefined && { used_at: usedAt }),
    ...(revokedAt !== undefined && { revoked_at: revokedAt }),
    ...(revokedBy !== undefined && { revoked_by: revokedBy }),
  };
}

export function showSession(principal: Principal | undefined): SessionBody {
  // A provider's own page of logins is not led to; its tokens are shown as bearer tokens, and may be pasted like API tokens.
  const login = { token: true, oidc: false };
  if (principal === undefined) return { login };
  const { actor, role, kind, person, teams } = principal;
  return { actor, role, kind, person, teams: [...teams], login };
}

export const tokenExample: ApiTokenBody = {
  id: '0b9d1c52-6a1f-4a57-8f0e-2d7c1f6e9a34',
  name: 'ci',
  role: 'viewer',
  created_at: '2026-09-14T14:00:00.000Z',
  created_by: 'ann',
  expires_at: '2026-12-13T14:00:00.000Z',
};

export const sessionExample: SessionBody = {
  actor: 'ann',
  role: 'approver',
  kind: 'session',
  person: true,
  teams: [],
  login: { token: true, oidc: false },
};
