import { isIP } from 'node:net';
import { z } from 'zod';
import { NeuvectorError } from './error.js';

/** What of the traffic is wanted. There is no free text: controllers before the fix of 2026-09 paste the filter into a shell line. */
export const neuvectorCaptureFilter = z
  .strictObject({
    protocol: z.enum(['tcp', 'udp', 'icmp']).optional(),
    /** Either end. */
    host: z
      .string()
      .refine((text) => isIP(text) !== 0 && /^[0-9a-fA-F.:]+$/.test(text), 'expected an IP address')
      .optional(),
    port: z.number().int().min(1).max(65_535).optional(),
  })
  .refine(({ protocol, port }) => protocol !== 'icmp' || port === undefined, 'ICMP has no ports');

export type NeuvectorCaptureFilter = z.infer<typeof neuvectorCaptureFilter>;

/** `and` and `or` bind alike, from the left (pcap-filter(7)), so this needs no parentheses, which a shell would read. */
const PROTOCOL = { tcp: 'tcp', udp: 'udp', icmp: 'icmp or icmp6' } as const;

/** As tcpdump reads it; empty for all traffic. Checked here too, since types do not hold at run time. */
export function filterText(filter: unknown): string {
  const parsed = neuvectorCaptureFilter.safeParse(filter);
  if (!parsed.success) throw new NeuvectorError('refused', 'The capture filter may hold `protocol`, `host` (an IP address) and `port` only.');
  const { protocol, host, port } = parsed.data;
  return [
    ...(protocol === undefined ? [] : [PROTOCOL[protocol]]),
    ...(host === undefined ? [] : [`host ${host}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
  ].join(' and ');
}
