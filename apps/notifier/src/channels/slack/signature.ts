import { createHmac, timingSafeEqual } from 'node:crypto';

/** A request that is older may be a replay, https://docs.slack.dev/authentication/verifying-requests-from-slack. */
const WINDOW_MS = 5 * 60_000;

/** Whether Slack sent it: HMAC-SHA256 over `v0:<timestamp>:<body>` with the app's signing secret. */
export function fromSlack(
  secret: string,
  { signature, timestamp, body }: { signature: string | undefined; timestamp: string | undefined; body: Buffer },
  now: number,
): boolean {
  if (signature === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now - Number(timestamp) * 1_000) > WINDOW_MS) return false;
  const expected = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:`).update(body).digest('hex')}`;
  return equal(signature, expected);
}

/** What a button says when it is pressed. */
export type ButtonCommand =
  | { do: 'acknowledge'; incident: string; until: number }
  | { do: 'approve'; action: string; plan: string; until: number }
  | { do: 'reject'; action: string; until: number };

/** The value of a button: whoever can forge a request of Slack's, or edit a message, cannot make a command of their own. */
export function sealCommand(secret: string, subscription: string, command: ButtonCommand): string {
  const text = Buffer.from(JSON.stringify(command)).toString('base64url');
  return `${text}.${seal(secret, subscription, text)}`;
}

/** Undefined when it is not ours, of another subscription, or too late. */
export function openCommand(secret: string, subscription: string, value: string, now: number): ButtonCommand | undefined {
  const [text = '', mac = '', ...rest] = value.split('.');
  if (rest.length > 0 || !equal(mac, seal(secret, subscription, text))) return undefined;
  const command = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as ButtonCommand;
  return now <= command.until ? command : undefined;
}

function seal(secret: string, subscription: string, text: string): string {
  return createHmac('sha256', secret).update(`tocsin-button:${subscription}:`).update(text).digest('base64url');
}

function equal(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
