import { randomUUID } from 'node:crypto';
import type { Silence } from '@tocsin/domain';
import { FilterError, compileFilter, unknownFields } from '@tocsin/policy';
import { expireSilence, getSilence, listSilences, putSilence, type Store } from '@tocsin/store';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { showPage, type PageBody } from '../http/pages.js';
import { BadParameters, noQuery, readQuery, silencesQuery } from '../http/query.js';
import { silenceBody } from '../resources/silence.js';

export interface SilenceDeps {
  store: Store;
  now(): number;
}

const YEAR_MS = 366 * 24 * 3_600_000;

/** Makes a silence, which is in force for the correlator within seconds. */
export async function makeSilence(
  { store, now }: SilenceDeps,
  contentType: string | undefined,
  body: unknown,
  query: unknown,
  actor: string,
): Promise<Silence> {
  readQuery(noQuery, query);
  const { filter, starts_at, ends_at, author, comment } = readBody(silenceBody, contentType, body);
  const time = now();
  const begins = starts_at === undefined ? time : Date.parse(starts_at);
  const ends = Date.parse(ends_at);
  checkFilter(filter);
  if (ends <= Math.max(begins, time)) throw wrong('ends_at', 'is not after the beginning and after now');
  if (ends - begins > YEAR_MS) throw wrong('ends_at', 'is more than a year after the beginning; make silences that end');
  const silence: Silence = {
    id: randomUUID(),
    filter,
    starts_at: new Date(begins).toISOString(),
    ends_at: new Date(ends).toISOString(),
    author: author ?? actor,
    comment,
    created_at: new Date(time).toISOString(),
  };
  await putSilence(store.db, silence);
  return silence;
}

export async function readSilences({ store, now }: SilenceDeps, query: unknown): Promise<PageBody<Silence>> {
  const { limit, cursor, active } = readQuery(silencesQuery, query);
  const activeAt = active === 'true' ? new Date(now()).toISOString() : undefined;
  return showPage(await listSilences(store.db, { activeAt }, { limit, cursor }), (silence) => silence);
}

export async function readSilence({ store }: SilenceDeps, id: string, query: unknown): Promise<Silence> {
  readQuery(noQuery, query);
  const silence = await getSilence(store.db, id);
  if (silence === undefined) throw notFound('silence');
  return silence;
}

/** Ends it now; it stays on record. One that has ended stays as it is. */
export async function endSilence(deps: SilenceDeps, id: string, query: unknown): Promise<Silence> {
  readQuery(noQuery, query);
  if (!(await expireSilence(deps.store.db, id, new Date(deps.now()).toISOString()))) throw notFound('silence');
  return readSilence(deps, id, {});
}

function checkFilter(filter: string): void {
  try {
    compileFilter(filter, 'incident');
    const [unknown] = unknownFields(filter, 'incident');
    if (unknown !== undefined) throw wrong('filter', `${unknown.message} (character ${unknown.offset + 1})`);
  } catch (error) {
    if (error instanceof FilterError) throw wrong('filter', `${error.message} (character ${error.offset + 1})`);
    throw error;
  }
}

function wrong(parameter: string, detail: string): BadParameters {
  return new BadParameters([{ parameter, detail }]);
}
