import { BlockList, isIP } from 'node:net';
import type { Path } from '@tocsin/extension';
import type { ExtensionSchemas } from '../kinds/document-kind.js';
import type { RawSpec, Refuse } from './narrow.js';
import type { Reach } from './reach.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** What the channel of a namespace may not do with the notifier that it runs in: read its secrets and files, or speak to its own ports. */
export function checkChannel(channel: RawSpec, reach: Reach, channels: ExtensionSchemas | undefined, refuse: Refuse): void {
  const known = channels?.get(String(channel['type']));
  // Without schemas another service decides.
  if (channels !== undefined) {
    if (known?.forNamespaces === undefined) {
      const open = [...channels.values()].filter(({ forNamespaces }) => forNamespaces !== undefined).map(({ type }) => type);
      refuse(
        ['channel', 'type'],
        `is "${String(channel['type'])}", which only Subscriptions in Tocsin's own namespace may use; others: ${open.toSorted().join(', ')}`,
      );
    }
    for (const key of known?.forNamespaces?.withheld ?? []) {
      if (key in channel) refuse(['channel', key], "is not for Subscriptions of other namespaces than Tocsin's own; leave it out");
    }
  }
  checkValues(channel, ['channel'], reach, refuse);
}

function checkValues(value: unknown, path: Path, reach: Reach, refuse: Refuse): void {
  if (typeof value === 'string') {
    if (isLoopbackUrl(value)) refuse(path, 'leads to Tocsin itself; only Subscriptions in its own namespace may');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && !Array.isArray(value) && typeof only[1] === 'string')
    checkSecret(only[0], only[1], path, reach, refuse);
  for (const [key, below] of entries) checkValues(below, [...path, Array.isArray(value) ? Number(key) : key], reach, refuse);
}

/** A reference to a secret reads what the notifier has: what was put there for the namespace bears its name. */
function checkSecret(key: string, name: string, path: Path, { namespace }: Reach, refuse: Refuse): void {
  const prefix = secretPrefix(namespace);
  if (key === 'file') refuse(path, `names a file of the notifier; expected { env: ${prefix}… }`);
  if (key !== 'env') return;
  // Names of other namespaces may begin alike, but go on with another "__".
  if (name.startsWith(prefix) && /^[A-Z0-9]+(_[A-Z0-9]+)*$/.test(name.slice(prefix.length))) return;
  refuse(path, `names a secret that is not of this namespace; expected { env: ${prefix}… } in capitals, such as ${prefix}WEBHOOK`);
}

/** What the variables begin with that Subscriptions of the namespace may name: `TOCSIN_PAY_EU__` of `pay-eu`. */
export function secretPrefix(namespace: string): string {
  return `TOCSIN_${namespace.toUpperCase().replaceAll('-', '_')}__`;
}

function isLoopbackUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const host = new URL(text).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  const version = isIP(host);
  return version !== 0 && LOOPBACK.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
