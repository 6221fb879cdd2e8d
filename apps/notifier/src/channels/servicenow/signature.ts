import { createHmac, timingSafeEqual } from 'node:crypto';

/** A request that is older, or of a clock that differs by more, is not believed. */
const WINDOW_MS = 5 * 60_000;

/** Whether the script in deploy/servicenow sent it: HMAC-SHA256 in Base64 over `<seconds>.<body>`. */
export function isSigned(
  secret: string,
  { signature, timestamp, body }: { signature: string | undefined; timestamp: string | undefined; body: Buffer },
  now: number,
): boolean {
  if (signature === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now - Number(timestamp) * 1_000) > WINDOW_MS) return false;
  const expected = Buffer.from(`v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('base64')}`);
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
