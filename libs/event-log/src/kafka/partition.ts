/**
 * Where a record goes. Computed here and not in the client libraries, so that every client, and Kafka's own Java
 * producer, puts a key on the same partition: theirs differ (one masks the sign bit, the other does not).
 */

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Kafka's murmur2 (org.apache.kafka.common.utils.Utils). */
export function murmur2(data: Buffer): number {
  let hash = SEED ^ data.length;
  let at = 0;
  for (; at + 4 <= data.length; at += 4) {
    let k = Math.imul(data.readInt32LE(at), M);
    k = Math.imul(k ^ (k >>> 24), M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = data.length - at;
  if (rest > 0) hash = Math.imul(hash ^ data.readUIntLE(at, rest), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}
