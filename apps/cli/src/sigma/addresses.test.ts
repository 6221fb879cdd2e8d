import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { networkPattern } from './addresses.js';

const isIn = (address: string, network: string): boolean => new RegExp(networkPattern(network) ?? 'no network').test(address);
const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
const toNumber = (parts: readonly number[]): number => parts.reduce((sum, part) => sum * 256 + part, 0);

describe('networkPattern', () => {
  it('tells an address of IPv4 in the network from one that is not', () => {
    fc.assert(
      fc.property(octets, fc.nat(32), fc.nat(31), (network, bits, flip) => {
        // An address that differs in one bit lies right at the border, or beyond it.
        const other = (toNumber(network) ^ (1 << flip)) >>> 0;
        const size = 2 ** (32 - bits);
        const address = [24, 16, 8, 0].map((shift) => (other >>> shift) & 255).join('.');
        expect([address, isIn(address, `${network.join('.')}/${bits}`)]).toEqual([
          address,
          Math.floor(other / size) === Math.floor(toNumber(network) / size),
        ]);
      }),
    );
  });

  it.each([
    ['fe80::1', 'fe80::/10', true],
    ['febf::1', 'fe80::/10', true],
    ['fec0::1', 'fe80::/10', false],
    ['fd00::7', 'fc00::/7', true],
    ['fe00::7', 'fc00::/7', false],
    ['2001:db8::1', '2001::/16', true],
    ['2002:db8::1', '2001::/16', false],
    ['::1', '::1/128', true],
    ['::11', '::1/128', false],
  ])('%s in %s: %s', (address, network, expected) => expect(isIn(address, network)).toBe(expected));

  it.each(['2001:db8::/32', '::/0', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', 'x/8', '10.0.0.0/8/8', 'fe80::/x'])('has none of %s', (network) => {
    expect(networkPattern(network)).toBeUndefined();
  });
});
