/**
 * SQLSTATE classes and codes after which the same work may succeed: connection (08), read-only while a replica takes
 * over (25006), transaction rolled back (40), resources (53), lock or statement timeout, shutdown and start-up (57P).
 */
const TRANSIENT_SQLSTATE = /^(08|25006$|40|53|55P03$|57014$|57P0[1-5]$)/;
const TRANSIENT_SYSTEM = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ECONNABORTED)$/;
/** Busy or locked by another process; the disk is full or does not answer. Extended codes begin alike. */
const TRANSIENT_SQLITE = /^SQLITE_(BUSY|LOCKED|FULL|IOERR)/;
/** pg gives these no code. */
const TRANSIENT_MESSAGE =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Query read timeout)/i;

/** The store gave no answer in time. */
export class StoreTimeout extends Error {
  override readonly name = 'StoreTimeout';
}

/**
 * Whether the store may take the same work later: it is away, full or busy, rather than refusing what was asked.
 * A transaction that failed so while it committed MAY have been committed: the repeat must be recognisable.
 */
export function isTransient(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if (error instanceof StoreTimeout) return true;
  const { code, message, cause, errors } = error as { code?: unknown; message?: unknown; cause?: unknown; errors?: unknown };
  if (typeof code === 'string' && [TRANSIENT_SQLSTATE, TRANSIENT_SYSTEM, TRANSIENT_SQLITE].some((pattern) => pattern.test(code))) return true;
  if (typeof message === 'string' && TRANSIENT_MESSAGE.test(message)) return true;
  // An AggregateError: several addresses of one host were tried.
  if (Array.isArray(errors) && errors.length > 0) return errors.every(isTransient);
  return isTransient(cause);
}
