import { describe, expect, it } from '@jest/globals';
import { documentInForce } from './in-force.js';
import { parsePolicies } from './policies.js';

const NOW = '2026-09-14T14:00:00.000Z';
const silence = (comment: string, lines = ''): string =>
  `${lines}apiVersion: tocsin.dev/v1
kind: Silence
metadata: { name: night }
spec: { filter: 'true', endsAt: 2026-09-15T00:00:00Z, author: ann, comment: ${comment} }
`;
const of = (text: string) => documentInForce(parsePolicies(text, 'night.yaml', {}).silences[0]!, NOW);

describe('a document in force', () => {
  it('is told with what it says and where it stands', () => {
    const told = of(silence('upgrade', '\n\n'));
    expect(told).toMatchObject({ name: 'night', mode: 'enabled', file: 'night.yaml', line: 4, loadedAt: NOW });
    expect(JSON.parse(told.document)).toMatchObject({
      apiVersion: 'tocsin.dev/v1',
      kind: 'Silence',
      metadata: { name: 'night' },
      spec: { comment: 'upgrade' },
    });
  });

  it('has a hash that changes with what it says, and not with its place', () => {
    expect(of(silence('upgrade', '\n')).hash).toBe(of(silence('upgrade')).hash);
    expect(of(silence('other')).hash).not.toBe(of(silence('upgrade')).hash);
  });

  it('says that it is disabled', () => {
    const text = `apiVersion: tocsin.dev/v1
kind: CorrelationRule
metadata: { name: off }
spec: { enabled: false, kind: single, title: off, severity: low, filter: 'true', groupBy: [cluster] }
`;
    expect(documentInForce(parsePolicies(text, 'off.yaml', {}).rules[0]!, NOW).mode).toBe('disabled');
  });

  it('holds no address or header by which one could send in its name', () => {
    const text = `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: soc }
spec: { events: incidents, channel: { type: webhook } }
`;
    const [read] = parsePolicies(text, 'soc.yaml', {}).subscriptions;
    const config = {
      url: 'https://ann:pw@soc.example/hooks/TOKEN?key=TOKEN',
      bare: ['https://soc.example', 'https://soc.example/'],
      syslog: 'tls://log.example:6514',
      headers: { 'x-key': 'TOKEN', 'x-ref': { env: 'KEY' } },
      secrets: [{ file: '/run/secrets/soc' }],
    };
    const spec = { ...read!.spec, channel: { type: 'webhook', config } };
    const { document } = documentInForce({ ...read!, spec }, NOW);
    expect(JSON.parse(document)).toMatchObject({
      spec: {
        channel: {
          config: { ...config, url: 'https://soc.example/…', headers: { 'x-key': '…', 'x-ref': { env: 'KEY' } } },
        },
      },
    });
    expect(document).not.toMatch(/TOKEN|pw/);
  });
});
