import { lookup as dnsLookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { z } from 'zod';

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'expected a network such as "10.0.0.0/8" or "fd00::/8"' });

/** Where channels may connect to; key `egress` of the notifier's section. */
export const egressConfig = z.strictObject({
  /** Networks that are allowed although they would be blocked. */
  allow: z.array(cidr).default([]),
  /** Networks that are blocked beside those that always are. */
  deny: z.array(cidr).default([]),
});
export type EgressConfig = z.infer<typeof egressConfig>;

/**
 * Never a receiver, and the first aim of a forged address: link-local (where clouds have their metadata service) and
 * the metadata services that are elsewhere (Alibaba, Azure, Oracle, AWS by IPv6), unspecified, multicast, broadcast.
 * Private networks are allowed, since most receivers are inside.
 */
const ALWAYS_BLOCKED = [
  '0.0.0.0/8',
  '169.254.0.0/16',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128',
];
/** Ours alone: allowed when the URL itself says so, never by way of a name that resolves to it. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
/** IPv6 forms that carry an IPv4 address a BlockList does not look into (NAT64, 6to4). */
const CARRIERS = ['64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'];

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export class EgressBlocked extends Error {
  override readonly name = 'EgressBlocked';
}

/** Decides on addresses when a connection is made, so that a name which changes between check and connect is caught. */
export class Egress {
  readonly #blocked: BlockList;
  readonly #loopback = blockList(LOOPBACK);
  readonly #allowed: BlockList;

  readonly #resolve: Resolve;

  constructor(config: EgressConfig, resolve: Resolve = dnsLookup) {
    this.#resolve = resolve;
    this.#blocked = blockList([...ALWAYS_BLOCKED, ...CARRIERS, ...config.deny]);
    this.#allowed = blockList(config.allow);
  }

  /** Throws `EgressBlocked` when the host of a URL is an address that is not allowed; names are checked by `lookup`. */
  assertHost(host: string): void {
    const address = host.replace(/^\[(.*)\]$/, '$1');
    if (isIP(address) !== 0 && !this.#isAllowed(address, true)) throw new EgressBlocked(`${address} is not an allowed destination`);
  }

  /** Rejects with `EgressBlocked` when the name resolves to no address that is allowed; with the look-up's error when there is none. */
  assertName(host: string): Promise<void> {
    if (isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.lookup(host, { all: true }, (error) => (error === null ? resolve() : reject(error))));
  }

  /** For agents and sockets; gives only addresses that are allowed. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter(({ address }) => this.#isAllowed(address, hostname === 'localhost'));
      const [first] = allowed;
      if (first === undefined) return callback(new EgressBlocked(`${hostname} resolves to no allowed address`), '', 0);
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };

  #isAllowed(address: string, loopbackNamed: boolean): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (this.#allowed.check(address, family)) return true;
    if (this.#blocked.check(address, family)) return false;
    return loopbackNamed || !this.#loopback.check(address, family);
  }
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, bits] = network.split('/') as [string, string];
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
