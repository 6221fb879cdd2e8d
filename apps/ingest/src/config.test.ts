import { describe, expect, it } from '@jest/globals';
import { ConfigErrors, parseYaml } from '@tocsin/extension';
import { z } from 'zod';
import { checkConfig, ingestConfig } from './config.js';

const section = z.strictObject({ ingest: z.prefault(ingestConfig, {}) });

function mistakes(yaml: string, host = '127.0.0.1'): string {
  try {
    checkConfig(parseYaml(yaml, 'tocsin.yaml', section).ingest, host);
  } catch (error) {
    if (error instanceof ConfigErrors) return error.message;
    throw error;
  }
  return '';
}

describe('ingest configuration', () => {
  it('needs nothing on loopback', () => {
    expect(mistakes('')).toBe('');
  });

  it('needs tokens where others can reach it', () => {
    expect(mistakes('', '0.0.0.0')).toContain('ingest.authentication.token: is missing, but http.host is "0.0.0.0"');
    expect(mistakes('ingest: { authentication: { tokens: { falco: { env: F }, generic: { env: G } } } }', '0.0.0.0')).toContain(
      'without a token: cloudevents, neuvector)',
    );
    expect(mistakes('ingest: { authentication: { token: { file: /run/token } } }', '0.0.0.0')).toBe('');
    expect(mistakes('ingest: { authentication: { mode: none } }', '::')).toBe('');
  });

  it.each([
    ['ingest: { sources: { falko: {} } }', 'falko: is not a known key; did you mean "falco"?'],
    ['ingest: { sources: { falco: { clusterfield: x } } }', 'clusterfield: is not a known key; did you mean "clusterField"?'],
    ['ingest: { topics: [{ topic: tocsin.violations, source: falco }] }', 'topics[0].topic: is "tocsin.violations", one of Tocsin\'s own'],
    ['ingest: { topics: [{ topic: t, source: falco, mapping: x }] }', 'topics[0].mapping: has no meaning for source "falco"'],
    [
      'ingest: { syslog: { listeners: [{ protocol: udp, source: generic, mapping: x }] } }',
      'listeners[0].mapping: is "x", expected one of: tocsin, syslog',
    ],
    ['ingest: { syslog: { listeners: [{ protocol: quic, source: neuvector }] } }', 'protocol: is "quic"; known: tcp, udp'],
    ['ingest: { deduplication: { window: 5 minutes } }', '"5 minutes", expected a duration'],
  ])('explains the mistake in %j', (yaml, message) => {
    expect(mistakes(yaml)).toContain(message);
  });
});
