import { silenceExample } from '../../resources/examples.js';
import { silence, silenceBody } from '../../resources/silence.js';
import { pageOf } from '../pages.js';
import { noQuery, silencesQuery } from '../query.js';
import type { Route } from '../route.js';

export const SILENCE_SCHEMAS = { Silence: silence, SilencePage: pageOf(silence) } as const;

export const SILENCE_ROUTES: readonly Route<keyof typeof SILENCE_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/silences',
    operationId: 'listSilences',
    summary: 'Silences made by the API, those that end last first. Those of policy documents are in the documents.',
    role: 'viewer',
    query: silencesQuery,
    response: 'SilencePage',
    example: { items: [silenceExample] },
  },
  {
    method: 'post',
    path: '/v1/silences',
    operationId: 'makeSilence',
    summary: 'Mutes incidents for a time: they form, and nobody is told.',
    role: 'operator',
    query: noQuery,
    body: {
      schema: silenceBody,
      example: {
        filter: silenceExample.filter,
        starts_at: silenceExample.starts_at,
        ends_at: silenceExample.ends_at,
        comment: silenceExample.comment,
      },
    },
    status: 201,
    response: 'Silence',
    example: silenceExample,
  },
  {
    method: 'get',
    path: '/v1/silences/{id}',
    operationId: 'getSilence',
    summary: 'One silence.',
    role: 'viewer',
    query: noQuery,
    response: 'Silence',
    example: silenceExample,
  },
  {
    method: 'delete',
    path: '/v1/silences/{id}',
    operationId: 'endSilence',
    summary: 'Ends a silence now. It stays on record.',
    role: 'operator',
    query: noQuery,
    response: 'Silence',
    example: silenceExample,
  },
];
