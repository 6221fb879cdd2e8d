import type { Artefact } from '@tocsin/domain';

let count = 0;

/** A packet capture, of an action and an incident of its own. */
export function buildArtefact(changes: Partial<Artefact> = {}): Artefact {
  count += 1;
  const id = `33333333-3333-5333-8333-${String(count).padStart(12, '0')}`;
  return {
    schema: 1,
    id,
    action: `44444444-4444-5444-8444-${String(count).padStart(12, '0')}`,
    name: 'capture.pcap',
    media_type: 'application/vnd.tcpdump.pcap',
    bytes: 24_576,
    sha256: 'ab'.repeat(32),
    intact: true,
    truncated: false,
    source: {},
    collected_at: '2026-09-14T14:30:00.000Z',
    retain_until: '2026-12-14T14:30:00.000Z',
    ...changes,
  };
}
