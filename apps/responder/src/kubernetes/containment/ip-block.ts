import { isIPv4, isIPv6 } from 'node:net';
import type { IpBlock } from './policy.js';

type Range = readonly [first: bigint, last: bigint, family: 4 | 6];

/**
 * Whether any address is left of a block; exceptions may take all of it. What cannot be read is taken to leave some.
 * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ (IPBlock)
 */
export function leavesAddresses({ cidr, except }: IpBlock): boolean {
  const block = rangeOf(cidr);
  if (block === undefined) return true;
  const [first, last, family] = block;
  const holes = (except ?? [])
    .map(rangeOf)
    .filter((range): range is Range => range?.[2] === family)
    .toSorted((a, b) => (a[0] < b[0] ? -1 : 1));
  let next = first;
  for (const [from, to] of holes) {
    if (next > last) return false;
    if (from > next) return true;
    if (to >= next) next = to + 1n;
  }
  return next <= last;
}

function rangeOf(cidr: string): Range | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const bits = isIPv4(address) ? 32n : 128n;
  if (!/^\d{1,3}$/.test(length) || BigInt(length) > bits || (!isIPv4(address) && !isIPv6(address))) return undefined;
  const size = 1n << (bits - BigInt(length));
  const value = isIPv4(address) ? ipv4(address) : ipv6(address);
  const first = (value / size) * size;
  return [first, first + size - 1n, isIPv4(address) ? 4 : 6];
}

function ipv4(address: string): bigint {
  return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function ipv6(address: string): bigint {
  const plain = address.replace(/%.*$/, '').replace(/(\d+\.\d+\.\d+\.\d+)$/, (text) => {
    const value = ipv4(text);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
