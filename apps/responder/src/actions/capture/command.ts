import { isIP } from 'node:net';
import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);
const address = z
  .string()
  .refine(
    (text) => isIP(text.split('/')[0] ?? '') !== 0 && /^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(text),
    'expected an IP address, or a network such as 10.0.0.0/8',
  );

/** What of the traffic is wanted. There is no free text: an expression could hold what an attacker wrote. */
export const captureFilter = z.strictObject({
  protocol: z.enum(['tcp', 'udp', 'icmp']).optional(),
  /** Either end. */
  host: address.optional(),
  port: port.optional(),
});

export const captureConfig = z.strictObject({
  /** `pod`: an ephemeral container in the pod. `neuvector`: the sniffer of NeuVector's enforcer. */
  by: z.enum(['pod', 'neuvector']).default('pod'),
  /** How long. */
  seconds: z.number().int().min(1).max(3_600).default(60),
  /** Most bytes of the file. */
  maxBytes: z.number().int().min(1_024).max(7_000_000).default(6_000_000),
  /** Bytes kept of each packet. */
  snaplen: z.number().int().min(64).max(262_144).default(262_144),
  filter: captureFilter.prefault({}),
});

export type CaptureConfig = z.infer<typeof captureConfig>;

/** The arguments of the capture program in `deploy/capture`: a list of typed values, which no shell reads. */
export function captureCommand({ seconds, maxBytes, snaplen, filter }: CaptureConfig): string[] {
  const { protocol, host, port: number } = filter;
  return [
    '/capture',
    `--seconds=${seconds}`,
    `--max-bytes=${maxBytes}`,
    `--snaplen=${snaplen}`,
    ...(protocol === undefined ? [] : [`--protocol=${protocol}`]),
    ...(host === undefined ? [] : [`--host=${host}`]),
    ...(number === undefined ? [] : [`--port=${number}`]),
  ];
}
