import { apiToken, madeToken, session, sessionBody, sessionExample, tokenBody, tokenExample } from '../../resources/login.js';
import { pageOf } from '../pages.js';
import { noQuery, tokensQuery } from '../query.js';
import type { Route } from '../route.js';

/** Tokens of the API, and sessions of browsers. */
export const LOGIN_SCHEMAS = { ApiToken: apiToken, ApiTokenPage: pageOf(apiToken), MadeApiToken: madeToken, Session: session } as const;

export const LOGIN_ROUTES: readonly Route<keyof typeof LOGIN_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/session',
    operationId: 'getSession',
    summary: 'Who asks, with what role; and how to log in when that is nobody.',
    role: 'anyone',
    query: noQuery,
    response: 'Session',
    example: sessionExample,
  },
  {
    method: 'post',
    path: '/v1/session',
    operationId: 'makeSession',
    summary: 'Logs a browser in by a token. The answer sets a cookie, which scripts of pages cannot read.',
    role: 'anyone',
    query: noQuery,
    body: { schema: sessionBody, example: { token: 'toc_…' } },
    status: 201,
    response: 'Session',
    example: sessionExample,
  },
  {
    method: 'delete',
    path: '/v1/session',
    operationId: 'endSession',
    summary: 'Logs the browser out.',
    role: 'anyone',
    query: noQuery,
    response: 'Session',
    example: { login: sessionExample.login },
  },
  {
    method: 'get',
    path: '/v1/tokens',
    operationId: 'listTokens',
    summary: 'Tokens of the API, newest first, also those that have ended. The tokens themselves are kept nowhere.',
    role: 'admin',
    query: tokensQuery,
    response: 'ApiTokenPage',
    example: { items: [tokenExample] },
  },
  {
    method: 'post',
    path: '/v1/tokens',
    operationId: 'makeToken',
    summary: 'Makes a token, which is in this answer and nowhere else.',
    role: 'admin',
    query: noQuery,
    body: { schema: tokenBody, example: { name: 'ci', role: 'viewer', days: 90 } },
    status: 201,
    response: 'MadeApiToken',
    example: { ...tokenExample, token: 'toc_…' },
  },
  {
    method: 'delete',
    path: '/v1/tokens/{id}',
    operationId: 'revokeToken',
    summary: 'Ends a token, and the sessions that were made by it, now. It stays on record.',
    role: 'admin',
    query: noQuery,
    response: 'ApiToken',
    example: { ...tokenExample, revoked_at: '2026-09-15T09:00:00.000Z', revoked_by: 'ann' },
  },
];
