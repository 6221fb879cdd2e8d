import { describe, expect, it } from '@jest/globals';
import { ConfigErrors, parseYaml } from '@tocsin/extension';
import { parsePolicies } from '@tocsin/policy';
import { z } from 'zod';
import { configIssues, withMappings } from './check-config.js';
import { ingestConfig } from './config.js';
import { mapping } from './sources/generic/mapping.js';

const section = z.strictObject({ ingest: z.prefault(ingestConfig, {}) });

function mistakes(yaml: string, host = '127.0.0.1', documents = ''): string {
  try {
    const { ingest } = parseYaml(yaml, 'tocsin.yaml', section);
    const issues = configIssues(ingest, host);
    if (issues.length > 0) throw new ConfigErrors(issues);
    withMappings(ingest, parsePolicies(documents, 'policies.yaml', { mapping }).mappings);
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
    ['ingest: { sources: { generic: { default: nope } } }', 'sources.generic.default: is "nope", expected one of: tocsin, syslog'],
    ['ingest: { syslog: { listeners: [{ protocol: quic, source: neuvector }] } }', 'protocol: is "quic"; known: tcp, udp'],
    [
      'ingest: { mask: [{ path: user.nam, with: remove }] }',
      'mask[0].path: is "user.nam", which is no field that can be masked; did you mean "user.name"?',
    ],
    ['ingest: { mask: [{ path: user.name, with: hash }] }', 'ingest.maskSalt: is missing, and without it hashed values could be found by trying'],
    ['ingest: { maskSalt: { env: S }, mask: [{ path: user.uid, with: hash }] }', 'mask[0].with: is "hash", but user.uid can only be removed'],
    ['ingest: { maskSalt: hunter2 }', 'maskSalt: is not a reference'],
    ['ingest: { deduplication: { window: 5 minutes } }', '"5 minutes", expected a duration'],
  ])('explains the mistake in %j', (yaml, message) => {
    expect(mistakes(yaml)).toContain(message);
  });

  describe('with mappings from documents', () => {
    const document = (name: string, spec = '{ fields: { name: rule } }'): string =>
      `---\napiVersion: tocsin.dev/v1\nkind: SourceMapping\nmetadata: { name: ${name} }\nspec: ${spec}\n`;

    it('may name them wherever it names a mapping', () => {
      const yaml = `ingest:
        sources: { generic: { default: edr } }
        syslog: { listeners: [{ protocol: udp, source: generic, mapping: edr }] }
        topics: [{ topic: t, source: generic, mapping: edr }]`;
      expect(mistakes(yaml, '127.0.0.1', document('edr'))).toBe('');
      expect(mistakes(yaml, '127.0.0.1', document('other')).match(/is "edr", expected one of: other, tocsin, syslog/g)).toHaveLength(3);
    });

    it.each([
      [
        'ingest: { sources: { generic: { mappings: { edr: { fields: { name: a } } } } } }',
        'edr',
        'is "edr", the name of a mapping in tocsin.yaml; rename',
      ],
      ['', 'tocsin', 'policies.yaml:4:19: metadata.name: is "tocsin", the name of a mapping that is built in; rename'],
    ])('with %j does not take the name %j twice', (yaml, name, message) => {
      expect(mistakes(yaml, '127.0.0.1', document(name))).toContain(message);
    });

    it('tells their mistakes where they stand', () => {
      expect(mistakes('', '127.0.0.1', document('edr', '{ fields: { name: a, mesage: b } }'))).toContain(
        'policies.yaml:5:28: spec.fields.mesage: is not a known key; did you mean "message"?',
      );
    });
  });
});
