import { describe, expect, it } from '@jest/globals';
import type { Server } from './config.js';
import { Servers } from './servers.js';

const [a, b, c]: Server[] = ['a', 'b', 'c'].map((host) => ({ host, port: 514 }));

function names(servers: Servers, now: number): string {
  return servers
    .order(now)
    .map(({ host }) => host)
    .join('');
}

describe('servers', () => {
  it('are tried in their order, and last while they are held back', () => {
    const servers = new Servers([a, b, c] as Server[], 100);
    expect(names(servers, 0)).toBe('abc');
    servers.failed(a as Server, 10);
    expect(names(servers, 20)).toBe('bca');
    servers.failed(b as Server, 30);
    expect(names(servers, 40)).toBe('cab');
    servers.failed(c as Server, 50);
    expect(names(servers, 60)).toBe('abc');
    servers.failed(a as Server, 60);
    expect(names(servers, 70)).toBe('bca');
    expect(names(servers, 129)).toBe('bca');
    expect(names(servers, 130)).toBe('bca');
    expect(names(servers, 159)).toBe('bca');
    expect(names(servers, 160)).toBe('abc');
  });
});
