import { EventType, Topic, encodeEvent, type EventLog, type LogRecord } from '@tocsin/event-log';
import type { ActionCommand, IncidentCommand } from '@tocsin/domain';
import type { Callback, Channel, Reply, SaidBack } from '../channels/channel.js';

export interface CallbackDeps {
  log: EventLog;
  /** The channel of a subscription that this process serves. */
  channelOf(subscription: string): Channel | undefined;
}

const NOT_FOUND: Reply = { status: 404, body: '{"title":"Not Found","status":404}', mediaType: 'application/problem+json', commands: [] };

/** Answers what a receiver says back. What it says is durable before it is told so. Rejects when the log does not take it. */
export async function callback(subscription: string, request: Callback, { log, channelOf }: CallbackDeps): Promise<Reply> {
  const reply = await channelOf(subscription)?.receive?.(request);
  if (reply === undefined) return NOT_FOUND;
  await appendSaid(log, subscription, reply.commands);
  return reply;
}

/** Resolves when all of it is durable. */
export async function appendSaid(log: EventLog, subscription: string, said: readonly SaidBack[]): Promise<void> {
  if (said.length > 0)
    await log.append(
      Topic.Commands,
      said.map((one) => recordOf(one, subscription)),
    );
}

function recordOf(said: SaidBack, subscription: string): LogRecord {
  const { id, actor, time } = said;
  const common = { schema: 1, id, actor, time } as const;
  const command: IncidentCommand | ActionCommand =
    'incident' in said
      ? { ...said.body, ...common, target: 'incident', incident: said.incident }
      : { ...said.body, ...common, target: 'action', action: said.action, ...(said.teams !== undefined && { teams: said.teams }) };
  const key = 'incident' in said ? said.incident : said.action;
  return encodeEvent(key, { id, type: EventType.Command, source: `/tocsin/notifier/${subscription}`, time }, command);
}
