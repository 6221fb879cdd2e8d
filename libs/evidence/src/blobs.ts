/** Where bytes are kept, by a key that holds their hash: the same key always means the same bytes. */
export interface Blobs {
  /** Resolves when they are durable. What is there already stays; keeping it twice keeps it once. */
  put(key: string, bytes: Buffer, options: { sha256: string; retainUntil: string }): Promise<void>;
  /** Rejects when there is nothing by that key. */
  get(key: string): Promise<Buffer>;
  /** Also when it is not there. */
  delete(key: string): Promise<void>;
}
