/** Thrown by `onBatch`: transient, try the rest of the batch again after this many milliseconds. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly afterMs: number;
  constructor(afterMs: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.afterMs = afterMs;
  }
}

/** The topic does not exist and the log does not create topics by itself. Permanent until someone creates it. */
export class UnknownTopic extends Error {
  override readonly name = 'UnknownTopic';
  readonly topic: string;
  constructor(topic: string, options?: ErrorOptions) {
    super(`Topic "${topic}" does not exist; create it, or start a Tocsin service with the right to create topics.`, options);
    this.topic = topic;
  }
}

/** A record is larger than the log takes. Permanent: nothing of the append call was written. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge';
  constructor(topic: string, bytes: number, maxBytes: number, options?: ErrorOptions) {
    super(`A record of ${bytes} bytes for topic "${topic}" is larger than the ${maxBytes} bytes that a record may have.`, options);
  }
}

/** A topic exists with another number of partitions; keys would move, so the service does not start. */
export class TopicMismatch extends Error {
  override readonly name = 'TopicMismatch';
  constructor(topic: string, found: number, expected: number) {
    super(
      `Topic "${topic}" has ${found} partitions, expected ${expected}. Partition counts are fixed at creation: ` +
        `set log.partitions to ${found}, or recreate the topics.`,
    );
  }
}

/** The log did not take the records, for now: the caller keeps them and tries again with the same ids. Transient. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}
