/** Kafka's murmur2 (org.apache.kafka.common.utils.Utils), so that every driver places a key on the same partition. */
function murmur2(data: Buffer): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  const words = data.length >>> 2;
  for (let i = 0; i < words; i++) {
    let k = Math.imul(data.readInt32LE(i * 4), m);
    k ^= k >>> 24;
    h = Math.imul(h, m) ^ Math.imul(k, m);
  }
  const rest = words * 4;
  const left = data.length - rest;
  if (left === 3) h ^= (data[rest + 2] as number) << 16;
  if (left >= 2) h ^= (data[rest + 1] as number) << 8;
  if (left >= 1) h = Math.imul(h ^ (data[rest] as number), m);
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}

/** The partition of a key, as Kafka's default partitioner chooses it. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}
