import type { IncidentCommand } from '@tocsin/domain';
import { EventType, UndecodableRecord, appendDeadLetters, deadLetter, decodeEvent, type Batch, type EventLog, type StoredRecord } from '@tocsin/event-log';
import { claimCommand, lockIncidents, copyIncidentViolations, type Queryable, type Store } from '@tocsin/store';
import { applyCommand } from './lifecycle.js';
import { writeVersions, type WriterDeps } from './incident-writer.js';

/** The consumer group of `tocsin.commands`. */
export const COMMANDS_GROUP = 'correlator.commands';

export interface CommandDeps {
  log: EventLog;
  store: Store;
  writer(): WriterDeps;
  /** Called when a partition has something to tell. */
  onChanged(homes: ReadonlySet<string>): void;
  onOutcome(command: IncidentCommand, outcome: 'applied' | 'refused'): void;
}

/** Carries out what operators said. Each command has one effect: its id is claimed in the transaction of its effect. */
export async function processCommands(batch: Batch, deps: CommandDeps): Promise<void> {
  for (const record of batch.records) {
    const command = await read(record, batch, deps);
    if (command?.target === 'incident') await carryOut(command, deps);
    batch.done(record.offset);
  }
}

async function carryOut(command: IncidentCommand, deps: CommandDeps): Promise<void> {
  const homes = new Set<string>();
  const outcome = await deps.store.transaction(async (tx) => {
    homes.clear();
    return apply(tx, command, deps.writer(), homes);
  });
  if (outcome !== undefined) deps.onOutcome(command, outcome);
  deps.onChanged(homes);
}

/** Undefined when the command had its effect before. */
async function apply(tx: Queryable, command: IncidentCommand, writer: WriterDeps, homes: Set<string>): Promise<'applied' | 'refused' | undefined> {
  const { id, incident: incidentId } = command;
  const into = command.type === 'merge' ? command.into : undefined;
  const rows = await lockIncidents(tx, into === undefined ? [incidentId] : [incidentId, into]);
  const incident = rows.get(incidentId)?.incident;
  const target = into === undefined ? undefined : rows.get(into)?.incident;
  const claim = (outcome: 'applied' | 'refused', message: string): Promise<boolean> =>
    claimCommand(tx, { id, incidentId, time: writer.now, outcome, message });
  if (incident === undefined) return (await claim('refused', 'there is no such incident')) ? 'refused' : undefined;
  // Asked first, so that a refused merge moves nothing.
  const asked = applyCommand(incident, command, writer.now, target);
  if ('refused' in asked) return (await claim('refused', asked.refused)) ? 'refused' : undefined;
  if (!(await claim('applied', ''))) return undefined;
  const moved = target === undefined ? 0 : await copyIncidentViolations(tx, incidentId, target.id);
  const outcome = applyCommand(incident, command, writer.now, target, moved);
  if ('refused' in outcome) return 'refused';
  const versions = outcome.changed.map((changed) => {
    const old = rows.get(changed.id);
    homes.add(old?.home ?? '');
    return { old, incident: changed, home: old?.home ?? '' };
  });
  await writeVersions(tx, versions, writer);
  return 'applied';
}

async function read(record: StoredRecord, batch: Batch, { log, writer }: CommandDeps): Promise<IncidentCommand | undefined> {
  try {
    return decodeEvent<IncidentCommand>(record, EventType.Command);
  } catch (error) {
    if (!(error instanceof UndecodableRecord)) throw error;
    const time = writer().now;
    const origin = { topic: batch.topic, partition: batch.partition, offset: record.offset };
    const failure = { stage: 'correlate', reason: 'undecodable', message: error.message, component: COMMANDS_GROUP } as const;
    await appendDeadLetters(log, [deadLetter(record, { ...failure, attempts: 1, firstTime: time, lastTime: time, origin })]);
    return undefined;
  }
}
