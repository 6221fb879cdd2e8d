import { describe, expect, it } from '@jest/globals';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { Egress, EgressBlocked, egressConfig } from './egress.js';

/** As a channel sees it: the host of a URL, after the URL's own normalisation. */
function literal(url: string, config: object = {}): 'allowed' | 'blocked' {
  try {
    new Egress(egressConfig.parse(config)).assertHost(new URL(url).hostname);
    return 'allowed';
  } catch (error) {
    expect(error).toBeInstanceOf(EgressBlocked);
    return 'blocked';
  }
}

function named(hostname: string, answers: string[], config: object = {}): Promise<LookupAddress[] | string> {
  const egress = new Egress(egressConfig.parse(config), (_hostname, _options, callback) =>
    callback(
      null,
      answers.map((address) => ({ address, family: isIP(address) })),
    ),
  );
  return new Promise((resolve) => {
    egress.lookup(hostname, { all: true }, (error, addresses) => resolve(error === null ? (addresses as LookupAddress[]) : error.message));
  });
}

describe('egress', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[::ffff:169.254.169.254]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::]/',
    'http://0xa9fea9fe/',
    'http://2852039166/',
    'http://0251.0376.0251.0376/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://[fd00:ec2::254]/',
    'http://0.0.0.0/',
    'http://0/',
    'http://[::]/',
    'http://[fe80::1]/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://[ff02::1]/',
  ])('blocks %s', (url) => {
    expect(literal(url)).toBe('blocked');
  });

  it.each(['http://10.1.2.3/', 'http://192.168.0.1/', 'http://172.16.0.1/', 'http://203.0.113.9/', 'http://[fd12::1]/', 'http://[2a00:1450::1]/'])(
    'allows %s',
    (url) => {
      expect(literal(url)).toBe('allowed');
    },
  );

  it('allows loopback where the URL says so, not where a name leads there', async () => {
    expect(literal('http://127.0.0.1:8080/')).toBe('allowed');
    expect(literal('http://[::1]/')).toBe('allowed');
    expect(await named('localhost', ['127.0.0.1'])).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await named('rebind.example', ['127.0.0.1'])).toBe('rebind.example resolves to no allowed address');
    expect(await named('rebind.example', ['::ffff:127.0.0.1'])).toBe('rebind.example resolves to no allowed address');
    expect(await named('siem.example', ['127.0.0.1'], { allow: ['127.0.0.0/8'] })).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });

  it('gives only the allowed ones of many addresses', async () => {
    expect(await named('mixed.example', ['169.254.169.254', '10.0.0.7', '::ffff:169.254.169.254'])).toEqual([{ address: '10.0.0.7', family: 4 }]);
  });

  it('lets the configuration allow what is blocked, and block more', () => {
    expect(literal('http://169.254.1.1/', { allow: ['169.254.1.0/24'] })).toBe('allowed');
    expect(literal('http://10.1.2.3/', { deny: ['10.0.0.0/8'] })).toBe('blocked');
    expect(literal('http://10.1.2.3/', { deny: ['0.0.0.0/0', '::/0'], allow: ['10.1.0.0/16'] })).toBe('allowed');
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'ten/8', '10.0.0/8', 'fd00::/129'])('refuses "%s" as a network', (network) => {
    expect(egressConfig.safeParse({ allow: [network] }).success).toBe(false);
  });
});
