import type { SaidBack } from '../channel.js';
import { openCommand } from './signature.js';

/** A press of one of our buttons. */
export interface Press {
  /** Slack's id of who pressed it. */
  user: string;
  value: string;
  /** Where this person can be told something. */
  responseUrl: string | undefined;
}

/** Undefined for what is no press of a button with a value, https://docs.slack.dev/reference/interaction-payloads/block_actions-payload. */
export function readPress(body: Buffer): Press | undefined {
  const payload = new URLSearchParams(body.toString('utf8')).get('payload');
  let parsed: unknown;
  try {
    parsed = JSON.parse(payload ?? '');
  } catch {
    return undefined;
  }
  const { type, user, actions, response_url: responseUrl } = (parsed ?? {}) as Record<string, unknown>;
  const { id } = (user ?? {}) as { id?: unknown };
  const { value } = ((Array.isArray(actions) ? actions[0] : undefined) ?? {}) as { value?: unknown };
  if (type !== 'block_actions' || typeof id !== 'string' || typeof value !== 'string') return undefined;
  const url =
    typeof responseUrl === 'string' && URL.canParse(responseUrl) && new URL(responseUrl).hostname === 'hooks.slack.com' ? responseUrl : undefined;
  return { user: id, value, responseUrl: url };
}

type Said = SaidBack extends infer S ? (S extends SaidBack ? Omit<S, 'id' | 'actor' | 'time'> : never) : never;

/** What a press commands, or why it commands nothing. `actor` is who the user is to Tocsin; undefined: nobody. */
export function commandOf(
  { value }: Press,
  secret: string,
  subscription: string,
  actor: string | undefined,
  now: number,
): { said: Said; target: string; by: string } | { refusal: string } {
  const command = openCommand(secret, subscription, value, now);
  if (command === undefined) return { refusal: 'This button does not work any more; use the console.' };
  if (actor === undefined) return { refusal: 'You are not among the people who may do this here; see "people" of the subscription.' };
  switch (command.do) {
    case 'acknowledge':
      return { said: { incident: command.incident, body: { type: 'acknowledge' } }, target: command.incident, by: actor };
    case 'approve':
      return { said: { action: command.action, body: { type: 'approve', plan_hash: command.plan } }, target: command.action, by: actor };
    case 'reject':
      return { said: { action: command.action, body: { type: 'reject' } }, target: command.action, by: actor };
  }
}
