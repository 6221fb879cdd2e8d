import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What the capture program writes as its last line, after `trailer `. */
const trailer = z.object({
  bytes: z.number().int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  packets: z.number().int().min(0),
  /** That the kernel dropped for want of room. */
  dropped: z.number().int().min(0),
  started_at: z.string(),
  stopped_at: z.string(),
  /** `time`, `bytes`, `signal` or `error`. */
  reason: z.string().max(200),
});

export type Trailer = z.infer<typeof trailer>;

export interface CaptureOutput {
  /** The file, as far as it came. */
  pcap: Buffer;
  /** Absent when the output ends before it, so that nobody can tell whether all is there. */
  trailer: Trailer | undefined;
  /** Whether it is what the program counted and hashed. */
  complete: boolean;
}

const TRAILER = 'trailer ';

/**
 * Reads a capture from the log of its container: base64 in lines, then one line with what the source counted. The kubelet may have cut
 * it anywhere, and whoever holds the pod may have written anything.
 */
export function readOutput(log: Buffer): CaptureOutput {
  const lines = log
    .toString('latin1')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const last = lines.at(-1) ?? '';
  const found = last.startsWith(TRAILER) ? parse(last.slice(TRAILER.length)) : undefined;
  const body = (found === undefined ? lines : lines.slice(0, -1)).filter((line) => /^[A-Za-z0-9+/]+=*$/.test(line));
  const pcap = Buffer.concat(body.map((line) => Buffer.from(line, 'base64')));
  const same = found !== undefined && found.bytes === pcap.byteLength && found.sha256 === createHash('sha256').update(pcap).digest('hex');
  return { pcap, trailer: found, complete: same };
}

function parse(text: string): Trailer | undefined {
  try {
    const result = trailer.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
