import { positionText, type Position } from './position.js';

export type LiveType = 'incident' | 'action';

/** One change, as the log has it. */
export interface Change {
  /** Its partition, as a position names it, and its offset there. */
  place: string;
  offset: number;
  type: LiveType;
  /** The incident, or that of the action; undefined of an action without one. */
  incident: string | undefined;
  severity: number;
  /** The resource, as the API shows it, in JSON. */
  data: string;
}

export interface Told {
  change: Change;
  /** Id of the event: where all partitions stand after it. */
  id: string;
}

/** The last changes of the log, for readers that come back: as many as fit the room, in the order in which they came. */
export class Recent {
  readonly #bytes: number;
  readonly #kept: Told[] = [];
  #used = 0;
  /** What comes next on each partition, and the first that is still kept of it. */
  readonly #next = new Map<string, number>();
  readonly #floor = new Map<string, number>();

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Says where a partition begins; what is before it was never seen. */
  begin(place: string, offset: number): void {
    this.#next.set(place, offset);
    this.#floor.set(place, offset);
  }

  next(place: string): number {
    return this.#next.get(place) ?? 0;
  }

  get position(): string {
    return positionText(this.#next);
  }

  /** Undefined when it was seen before. */
  add(change: Change): Told | undefined {
    if (change.offset < this.next(change.place)) return undefined;
    this.#next.set(change.place, change.offset + 1);
    const told = { change, id: this.position };
    this.#kept.push(told);
    this.#used += change.data.length;
    while (this.#used > this.#bytes) this.#drop();
    return told;
  }

  /** What was not told to who has come so far; undefined when some of it is no longer kept. */
  after(position: Position): Told[] | undefined {
    for (const [place, floor] of this.#floor) {
      if ((position.get(place) ?? -1) < floor) return undefined;
    }
    return this.#kept.filter(({ change: { place, offset } }) => offset >= (position.get(place) ?? 0));
  }

  #drop(): void {
    const oldest = this.#kept.shift();
    if (oldest === undefined) return;
    this.#used -= oldest.change.data.length;
    this.#floor.set(oldest.change.place, oldest.change.offset + 1);
  }
}
