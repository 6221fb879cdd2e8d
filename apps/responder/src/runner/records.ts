import type { Incident, IncidentCommand } from '@tocsin/domain';
import type { ActionCounts, AuditEntry, CommandOutcome, Counted, ResponseControl } from '@tocsin/store';
import type { ActionRecord } from '../lifecycle/record.js';

/** What the runner keeps, and where. All changes happen one after another. */
export interface Records {
  /** All of it or nothing; no other change happens meanwhile. Throws when the kill switch cannot be read. */
  change<T>(work: (tx: RecordsTx) => Promise<T>): Promise<T>;
  /** Takes actions that are due; see `claimActions` of the store. */
  claim(claim: { now: number; limit: number }): Promise<ActionRecord[]>;
  /** Throws when it cannot be read: then nothing may be begun. */
  control(): Promise<ResponseControl>;
  get(id: string): Promise<ActionRecord | undefined>;
  incident(id: string): Promise<Incident | undefined>;
}

export interface RecordsTx {
  readonly control: ResponseControl;
  /** Returns those that were not there. */
  insert(records: readonly ActionRecord[]): Promise<ActionRecord[]>;
  get(id: string): Promise<ActionRecord | undefined>;
  /** All actions about one incident or violation. */
  about(subject: string): Promise<ActionRecord[]>;
  counts(counted: Counted, except: string): Promise<ActionCounts>;
  /** A claim on it stays. */
  save(record: ActionRecord): Promise<void>;
  /** Gives a claim of ours back. */
  release(id: string): Promise<void>;
  /** Publishes the actions as they are, once this change is durable. */
  publish(records: readonly ActionRecord[]): Promise<void>;
  /** Says something about an incident, once this change is durable. */
  command(command: IncidentCommand): Promise<void>;
  audit(entries: readonly AuditEntry[]): Promise<void>;
  /** False when the command had its effect before. */
  claimCommand(outcome: CommandOutcome): Promise<boolean>;
}
