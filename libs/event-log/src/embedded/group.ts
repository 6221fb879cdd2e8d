import type { Consumer, ConsumeOptions } from '../port.js';
import type { PartitionRow } from './database.js';
import { PartitionRunner, type GroupLog } from './partition-runner.js';

interface Member {
  options: ConsumeOptions;
}

/** A consumer group of one topic. Its members share the partitions in turn; each partition changes hands by itself. */
export class Group {
  readonly #seats: readonly Seat[];
  readonly #members: Member[] = [];

  constructor(log: GroupLog, name: string, partitions: readonly PartitionRow[]) {
    this.#seats = partitions.map((partition) => new Seat((member) => new PartitionRunner(log, name, partition, member.options)));
  }

  join(options: ConsumeOptions): Consumer {
    const member: Member = { options };
    this.#members.push(member);
    this.#assign();
    return { stop: () => this.#leave(member) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#leave(member)));
  }

  wake(partition: number): void {
    this.#seats[partition]?.wake();
  }

  /** May be called twice; both wait. */
  async #leave(member: Member): Promise<void> {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
    this.#assign();
    await Promise.all(this.#seats.map((seat) => seat.leftBy(member)));
  }

  #assign(): void {
    this.#seats.forEach((seat, index) => seat.give(this.#members[index % this.#members.length]));
  }
}

/**
 * One partition's place in a group: who holds it and who shall. It changes hands only after the holder has ended its
 * batch in flight; when the wish changes meanwhile, the last one counts.
 */
class Seat {
  readonly #start: (member: Member) => PartitionRunner;
  #wanted: Member | undefined;
  #held: { member: Member; runner: PartitionRunner } | undefined;
  #settling: Promise<void> | undefined;

  constructor(start: (member: Member) => PartitionRunner) {
    this.#start = start;
  }

  give(member: Member | undefined): void {
    this.#wanted = member;
    if (this.#held?.member !== member) this.#settling ??= this.#settle();
  }

  /** Resolves when the member does not hold the partition. */
  async leftBy(member: Member): Promise<void> {
    while (this.#held?.member === member) await this.#settling;
  }

  wake(): void {
    this.#held?.runner.wake();
  }

  async #settle(): Promise<void> {
    while (this.#held?.member !== this.#wanted) {
      await this.#held?.runner.stop();
      this.#held = this.#wanted && { member: this.#wanted, runner: this.#start(this.#wanted) };
    }
    // In the same turn as the last look, so that no wish falls between.
    this.#settling = undefined;
  }
}
