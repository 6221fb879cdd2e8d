import { Problem } from '@tocsin/runtime/nest';
import { forgetCase, getCase, listCases, retryCase, type CaseRow } from '@tocsin/store';
import type { SayDeps } from '../commands/say.js';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { showPage, type PageBody } from '../http/pages.js';
import { casesQuery, noQuery, readQuery } from '../http/query.js';
import { showCase } from '../http/read.js';
import type { ListedCaseBody } from '../resources/case.js';
import { emptyBody } from '../resources/subscription.js';
import type { Asked } from '../response/response.js';

/** By what a case is known: the subscription that keeps it, and what it is about. */
export interface CaseKey {
  subscription: string;
  subject: string;
}

export async function readCases({ store }: SayDeps, query: unknown): Promise<PageBody<ListedCaseBody>> {
  const { limit, cursor, ...filter } = readQuery(casesQuery, query);
  return showPage(await listCases(store.db, filter, { limit, cursor }), showListed);
}

export async function readCase({ store }: SayDeps, key: CaseKey, query: unknown): Promise<ListedCaseBody> {
  readQuery(noQuery, query);
  return showListed(await caseOf(store, key));
}

/** What hid the ticket was mended: it is written to again with the next change, or with what is put back. */
export async function retry(key: CaseKey, { contentType, body, query }: Asked, { store, now }: SayDeps): Promise<ListedCaseBody> {
  readQuery(noQuery, query);
  readBody(emptyBody, contentType, body);
  const found = await caseOf(store, key);
  if (!(await retryCase(store.db, key, new Date(now()).toISOString()))) throw notOrphaned(found);
  return showListed(await caseOf(store, key));
}

/** The ticket is gone for good: the next change, or what is put back, makes a new one. Answers what was forgotten. */
export async function forget(key: CaseKey, { contentType, body, query }: Asked, { store }: SayDeps): Promise<ListedCaseBody> {
  readQuery(noQuery, query);
  readBody(emptyBody, contentType, body);
  const found = await caseOf(store, key);
  if (!(await forgetCase(store.db, key))) throw notOrphaned(found);
  return showListed(found);
}

async function caseOf({ db }: SayDeps['store'], { subscription, subject }: CaseKey): Promise<CaseRow> {
  const found = await getCase(db, subscription, subject);
  if (found === undefined) throw notFound('case');
  return found;
}

function notOrphaned({ state }: CaseRow): Problem {
  return new Problem({ status: 409, detail: `Only an orphaned case can be tried again or forgotten, and this one is ${state}.` });
}

function showListed(row: CaseRow): ListedCaseBody {
  return { subject: row.subject, ...showCase(row), created_at: row.createdAt };
}
