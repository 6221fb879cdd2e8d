import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { filterText } from './capture-filter.js';

describe('the filter of a NeuVector capture', () => {
  it.each([
    [{}, ''],
    [{ port: 443 }, 'port 443'],
    [{ protocol: 'tcp', host: '10.0.0.1', port: 443 }, 'tcp and host 10.0.0.1 and port 443'],
    [{ protocol: 'icmp', host: '2001:db8::1' }, 'icmp or icmp6 and host 2001:db8::1'],
  ])('is %j in the words of tcpdump', (filter, text) => {
    expect(filterText(filter)).toBe(text);
  });

  it.each([
    'port 443',
    { port: '443; reboot' },
    { port: 0 },
    { host: '10.0.0.1; reboot' },
    { host: 'fe80::1%eth0' },
    { host: 'fe80::1%$(reboot)' },
    { host: 'example.com' },
    { protocol: 'tcp or udp' },
    { protocol: 'icmp', port: 1 },
    { filter: 'tcp' },
    undefined,
  ])('is refused when it is %j', (filter) => {
    expect(() => filterText(filter)).toThrow('`protocol`, `host` (an IP address) and `port` only');
  });

  it('holds nothing that a shell reads, whatever it is made of', () => {
    const nasty = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constantFrom('tcp', 'udp', 'icmp'), fc.integer());
    fc.assert(
      fc.property(fc.record({ protocol: nasty, host: nasty, port: nasty }, { requiredKeys: [] }), (filter) => {
        let text: string;
        try {
          text = filterText(filter);
        } catch {
          return;
        }
        expect(text).toMatch(/^[A-Za-z0-9.: ]*$/);
      }),
    );
  });
});
