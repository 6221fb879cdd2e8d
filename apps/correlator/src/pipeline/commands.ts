import type { Command, Incident, IncidentCommand } from '@tocsin/domain';
import {
  EventType,
  UndecodableRecord,
  appendDeadLetters,
  deadLetter,
  decodeEvent,
  type Batch,
  type EventLog,
  type StoredRecord,
} from '@tocsin/event-log';
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
  const writer = deps.writer();
  const { outcome, written, homes } = await deps.store.transaction((tx) => apply(tx, command, writer));
  for (const incident of written) writer.mutings.note(incident, writer.rules);
  if (outcome !== undefined) deps.onOutcome(command, outcome);
  if (homes.size > 0) deps.onChanged(homes);
}

interface Applied {
  /** Undefined when the command had its effect before. */
  outcome: 'applied' | 'refused' | undefined;
  written: readonly Incident[];
  /** Of the incidents that changed. */
  homes: ReadonlySet<string>;
}

async function apply(tx: Queryable, command: IncidentCommand, writer: WriterDeps): Promise<Applied> {
  const { id, incident: incidentId } = command;
  const into = command.type === 'merge' ? command.into : undefined;
  const claim = async (outcome: 'applied' | 'refused', message = ''): Promise<Applied> => {
    const claimed = await claimCommand(tx, { id, target: 'incident', targetId: incidentId, time: writer.now, outcome, message });
    return { outcome: claimed ? outcome : undefined, written: [], homes: new Set() };
  };
  const rows = await lockIncidents(tx, into === undefined ? [incidentId] : [incidentId, into]);
  const incident = rows.get(incidentId)?.incident;
  const target = into === undefined ? undefined : rows.get(into)?.incident;
  if (incident === undefined) return claim('refused', 'there is no such incident');
  // Asked first, so that a refused merge moves nothing.
  const asked = applyCommand(incident, command, writer.now, target);
  if ('refused' in asked) return claim('refused', asked.refused);
  const claimed = await claim('applied');
  if (claimed.outcome === undefined) return claimed;
  const moved = target === undefined ? 0 : await copyIncidentViolations(tx, incidentId, target.id);
  const outcome = applyCommand(incident, command, writer.now, target, moved);
  const versions = ('changed' in outcome ? outcome.changed : []).flatMap((changed) => {
    const old = rows.get(changed.id);
    return old === undefined ? [] : [{ old, incident: changed, home: old.home }];
  });
  return { ...claimed, written: await writeVersions(tx, versions, writer), homes: new Set(versions.map(({ home }) => home)) };
}

async function read(record: StoredRecord, batch: Batch, { log, writer }: CommandDeps): Promise<Command | undefined> {
  try {
    return decodeEvent<Command>(record, EventType.Command);
  } catch (error) {
    if (!(error instanceof UndecodableRecord)) throw error;
    const time = writer().now;
    const origin = { topic: batch.topic, partition: batch.partition, offset: record.offset };
    const failure = { stage: 'correlate', reason: 'undecodable', message: error.message, component: COMMANDS_GROUP } as const;
    await appendDeadLetters(log, [deadLetter(record, { ...failure, attempts: 1, firstTime: time, lastTime: time, origin })]);
    return undefined;
  }
}
