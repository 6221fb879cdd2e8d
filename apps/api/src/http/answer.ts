import { Problem } from '@tocsin/runtime/nest';
import { BadCursor, isTransient } from '@tocsin/store';
import { BadParameters, type ParameterError } from './query.js';

const RETRY_AFTER_S = 5;

/** Runs a request's work; what the caller can mend, or should try again, becomes a problem that says so. */
export async function answer<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BadParameters) throw badRequest(error.message, error.errors);
    if (error instanceof BadCursor) {
      const detail = 'is not a cursor that this API gave; leave it out to start from the first page';
      throw badRequest(`cursor: ${detail}`, [{ parameter: 'cursor', detail }]);
    }
    if (isTransient(error)) {
      throw new Problem(
        { status: 503, detail: 'The database does not answer at the moment; try again soon.' },
        { 'retry-after': String(RETRY_AFTER_S) },
      );
    }
    throw error;
  }
}

function badRequest(detail: string, errors: readonly ParameterError[]): Problem {
  return new Problem({ status: 400, detail, errors });
}

export function notFound(what: string): Problem {
  return new Problem({ status: 404, detail: `There is no such ${what}; it may not have been stored yet, or is no longer kept.` });
}
