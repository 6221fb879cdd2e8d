/** Times of sensors, brought to RFC 3339 UTC with milliseconds. */

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}([.,]\d{1,12})?([Zz]|[+-]\d{2}:?\d{2})$/;
/** The last millisecond of the year 9999: what RFC 3339 can write. */
const LAST_MS = 253_402_300_799_999;

/** undefined when it is no RFC 3339 time. Finer than milliseconds is cut off. */
export function fromRfc3339(value: string): string | undefined {
  if (value.length > 64 || !RFC3339.test(value)) return undefined;
  const text = value.replace(' ', 'T').replace(',', '.').toUpperCase();
  return fromMs(Date.parse(text));
}

/** Since 1970 in seconds, milliseconds, microseconds or nanoseconds, told apart by size: good from 1973 to 5138. */
export function fromEpoch(value: number): string | undefined {
  if (!(value > 0)) return undefined;
  if (value < 1e11) return fromMs(Math.round(value * 1e3));
  if (value < 1e14) return fromMs(Math.trunc(value));
  return fromMs(Math.trunc(value < 1e17 ? value / 1e3 : value / 1e6));
}

/** Either form, also digits as text. */
export function fromAny(value: unknown): string | undefined {
  if (typeof value === 'number') return fromEpoch(value);
  if (typeof value !== 'string') return undefined;
  return /^\d{1,19}(\.\d{1,9})?$/.test(value) ? fromEpoch(Number(value)) : fromRfc3339(value);
}

function fromMs(ms: number): string | undefined {
  return ms >= 0 && ms <= LAST_MS ? new Date(ms).toISOString() : undefined;
}
