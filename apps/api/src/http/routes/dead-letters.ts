import { deadLetter, deadLetterSummary } from '../../resources/dead-letter.js';
import { deadLetterExample, deadLetterSummaryExample } from '../../resources/examples.js';
import { pageOf } from '../pages.js';
import { deadLettersQuery, noQuery } from '../query.js';
import type { Route } from '../route.js';

export const DEAD_LETTER_SCHEMAS = {
  DeadLetterSummary: deadLetterSummary,
  DeadLetterPage: pageOf(deadLetterSummary),
  DeadLetter: deadLetter,
} as const;

export const DEAD_LETTER_ROUTES: readonly Route<keyof typeof DEAD_LETTER_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/dead-letters',
    operationId: 'listDeadLetters',
    summary: 'What could not be processed, without the payloads, newest first.',
    role: 'viewer',
    query: deadLettersQuery,
    response: 'DeadLetterPage',
    example: { items: [deadLetterSummaryExample] },
  },
  {
    method: 'get',
    path: '/v1/dead-letters/{id}',
    operationId: 'getDeadLetter',
    summary: 'One dead letter with its payload.',
    role: 'viewer',
    query: noQuery,
    response: 'DeadLetter',
    example: deadLetterExample,
  },
];
