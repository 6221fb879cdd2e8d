import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SlackMessage {
  ts: string;
  thread_ts?: string;
  text: string;
  blocks?: object[];
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
}

/** How Slack misbehaves with one call. */
export type SlackFault =
  /** It is done, and the answer is lost. */
  | 'lost reply'
  | 'reset'
  | { status: number; headers?: Record<string, string> }
  /** `ok: false`, with this error. */
  | { error: string };

export interface FakeSlack {
  /** What `api` of a subscription is set to. */
  url: string;
  messages: SlackMessage[];
  /** Methods in the order of their calls. */
  calls: string[];
  /** Decides on each call; undefined: all is well. */
  misbehave(decide: (method: string, call: number) => SlackFault | undefined): void;
  close(): Promise<void>;
}

export interface FakeSlackOptions {
  token: string;
  conversation: string;
  /** Scopes of the token. */
  scopes?: readonly string[];
}

/**
 * A strict fake of Slack's Web API, of the methods that a channel needs: chat.postMessage, chat.update, conversations.history.
 * - Errors come as HTTP 200 with `ok: false`; https://docs.slack.dev/apis/web-api/#evaluating-responses
 * - Block Kit is checked for its limits; https://docs.slack.dev/reference/block-kit/blocks
 * - 429 has Retry-After; https://docs.slack.dev/apis/web-api/rate-limits
 * - Metadata comes back with `include_all_metadata`; https://docs.slack.dev/messaging/message-metadata
 */
export async function fakeSlack({ token, conversation, scopes = ['chat:write', 'channels:history'] }: FakeSlackOptions): Promise<FakeSlack> {
  const messages: SlackMessage[] = [];
  const calls: string[] = [];
  let decide: (method: string, call: number) => SlackFault | undefined = () => undefined;
  let clock = 1_700_000_000_000;

  const answerOf = (method: string, parameters: Record<string, unknown>, authorization: string | undefined): object => {
    if (authorization !== `Bearer ${token}`) return { ok: false, error: authorization === undefined ? 'not_authed' : 'invalid_auth' };
    const needed = method === 'conversations.history' ? 'channels:history' : 'chat:write';
    if (!scopes.includes(needed)) return { ok: false, error: 'missing_scope', needed, provided: scopes.join(',') };
    if (parameters['channel'] !== conversation) return { ok: false, error: 'channel_not_found' };
    switch (method) {
      case 'chat.postMessage': {
        const wrong = mistakeOf(parameters);
        if (wrong !== undefined) return { ok: false, error: wrong };
        const message = { ...parameters, ts: timestamp() } as unknown as SlackMessage;
        if (message.thread_ts !== undefined && !messages.some(({ ts }) => ts === message.thread_ts)) return { ok: false, error: 'thread_not_found' };
        messages.push(message);
        return { ok: true, channel: conversation, ts: message.ts };
      }
      case 'chat.update': {
        const found = messages.find(({ ts }) => ts === parameters['ts']);
        if (found === undefined) return { ok: false, error: 'message_not_found' };
        const wrong = mistakeOf(parameters);
        if (wrong !== undefined) return { ok: false, error: wrong };
        Object.assign(found, parameters);
        return { ok: true, channel: conversation, ts: found.ts };
      }
      case 'conversations.history': {
        const limit = Number(parameters['limit'] ?? 100);
        if (limit > 999) return { ok: false, error: 'invalid_limit' };
        const found = messages.filter(({ thread_ts }) => thread_ts === undefined).toReversed();
        const shown = parameters['include_all_metadata'] === true ? found : found.map(({ metadata: _metadata, ...rest }) => rest);
        return { ok: true, messages: shown.slice(0, limit), has_more: found.length > limit };
      }
      default:
        return { ok: false, error: 'unknown_method' };
    }
  };
  const timestamp = (): string => `${Math.floor(clock++ / 1000)}.${String(clock % 1000).padStart(6, '0')}`;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const method = (request.url ?? '').slice('/api/'.length);
    const fault = decide(method, calls.length);
    calls.push(method);
    if (fault === 'reset') return void response.destroy();
    if (typeof fault === 'object' && 'status' in fault) return void response.writeHead(fault.status, fault.headers).end();
    const parameters = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
    const answer = typeof fault === 'object' ? { ok: false, error: fault.error } : answerOf(method, parameters, request.headers.authorization);
    if (fault === 'lost reply') return void response.destroy();
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`,
    messages,
    calls,
    misbehave(next) {
      decide = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Block {
  type?: string;
  text?: { type?: string; text?: string };
  fields?: { text?: string }[];
  elements?: { type?: string; value?: string; action_id?: string; text?: unknown }[];
}

/** The error for a message that Block Kit would not take. */
function mistakeOf({ text, blocks, metadata }: Record<string, unknown>): string | undefined {
  if (typeof text !== 'string' || text === '') return 'no_text';
  if (text.length > 40_000) return 'msg_too_long';
  if (JSON.stringify(metadata ?? {}).length > 16_000) return 'metadata_too_large';
  if (blocks === undefined) return undefined;
  if (!Array.isArray(blocks) || blocks.length > 50) return 'invalid_blocks';
  return (blocks as Block[]).every(isBlock) ? undefined : 'invalid_blocks';
}

function isBlock({ type, text, fields, elements }: Block): boolean {
  switch (type) {
    case 'header':
      return text?.type === 'plain_text' && within(text.text, 150);
    case 'section':
      if (fields !== undefined && (fields.length > 10 || !fields.every((one) => within(one.text, 2_000)))) return false;
      return text === undefined ? fields !== undefined : within(text.text, 3_000);
    case 'context':
      return elements !== undefined && elements.length > 0 && elements.length <= 10;
    case 'actions':
      if (elements === undefined || elements.length === 0 || elements.length > 25) return false;
      if (new Set(elements.map(({ action_id: id }) => id)).size !== elements.length) return false;
      return elements.every(
        ({ value, text: label }) => (value === undefined || within(value, 2_000)) && within((label as { text?: string }).text, 75),
      );
    default:
      return false;
  }
}

function within(text: string | undefined, max: number): boolean {
  return text !== undefined && text !== '' && text.length <= max;
}
