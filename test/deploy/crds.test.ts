import { beforeAll, expect, it, jest } from '@jest/globals';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { POLICY_RESOURCES, type PolicyKind } from '@tocsin/policy';
import { describeReal, installCrds, sharedApiServer, type KubeAdmin } from '@tocsin/testing';
import { parseAllDocuments } from 'yaml';
import { shippedCrds } from './crd-files.js';

jest.setTimeout(120_000);

const root = join(import.meta.dirname, '..', '..');
const files = (pattern: string): string[] => globSync(pattern, { cwd: root }).toSorted();

interface Document {
  kind: string;
  metadata: { name: string };
}

const documentsOf = async (file: string): Promise<Document[]> =>
  parseAllDocuments(await readFile(join(root, file), 'utf8')).flatMap((document) => (document.toJS() as Document | null) ?? []);

describeReal('kubernetes', 'the CustomResourceDefinitions, at a real API server', () => {
  let admin: KubeAdmin;
  let namespace: string;
  beforeAll(async () => {
    admin = await sharedApiServer();
    namespace = await admin.namespace();
    const crds = await shippedCrds();
    expect(crds).toHaveLength(Object.keys(POLICY_RESOURCES).length);
    await installCrds(admin, crds);
  });

  /** What the server says of the document to somebody who uses kubectl; undefined: nothing, it takes it. */
  async function refusal(document: Document): Promise<string | undefined> {
    const path = `/apis/tocsin.dev/v1/namespaces/${namespace}/${POLICY_RESOURCES[document.kind as PolicyKind]}`;
    const { status, body } = await admin.send('POST', `${path}?dryRun=All&fieldValidation=Strict`, document);
    return status === 201 ? undefined : `${document.kind} ${document.metadata.name}: ${body.message ?? status}`;
  }

  it('are served as they should be, without a condition that complains', async () => {
    for (const plural of Object.values(POLICY_RESOURCES)) {
      const { status } = await admin.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.tocsin.dev`);
      const { conditions } = status as unknown as { conditions: { type: string; status: string; message: string }[] };
      const said = Object.fromEntries(conditions.map(({ type, status: is, message }) => [type, is === 'True' ? is : message]));
      expect({ plural, ...said }).toEqual({ plural, NamesAccepted: 'True', Established: 'True' });
    }
  });

  it.each(files('{policies/**,docs/examples/**}/*.yaml'))('take what stands in %s', async (file) => {
    const documents = (await documentsOf(file)).filter(({ kind }) => kind !== 'Scenario');
    const refused: (string | undefined)[] = [];
    for (const document of documents) refused.push(await refusal(document));
    expect(refused.filter((one) => one !== undefined)).toEqual([]);
  });

  const rule = { title: 'T', severity: 'high', kind: 'single', filter: 'true' };
  const policy = { match: { incidents: 'true' }, steps: [{ action: 'snapshot' }] };
  const silence = { filter: 'true', startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-02T00:00:00Z', author: 'a', comment: 'c' };
  const subscription = { events: 'incidents', channel: { type: 'syslog', host: 'siem' } };

  it.each([
    ['CorrelationRule', rule],
    ['ResponsePolicy', policy],
    ['Silence', silence],
    ['Subscription', subscription],
  ])('take a small %s', async (kind, spec) => {
    expect(await refusal({ kind, apiVersion: 'tocsin.dev/v1', metadata: { name: 'a' }, spec } as Document)).toBeUndefined();
  });

  it.each([
    ['no spec', 'Silence', undefined, 'spec: Required value'],
    ['an unknown key', 'CorrelationRule', { ...rule, titel: 'T' }, 'unknown field "spec.titel"'],
    ['an unknown key further below', 'ResponsePolicy', { ...policy, limits: { maxActiv: 1 } }, 'unknown field "spec.limits.maxActiv"'],
    ['a misspelt severity', 'CorrelationRule', { ...rule, severity: 'hgih' }, 'spec.severity: Unsupported value: "hgih"'],
    ['an unknown rule kind', 'CorrelationRule', { ...rule, kind: 'count' }, 'spec.kind: Unsupported value: "count"'],
    ['a duration in words', 'CorrelationRule', { ...rule, suppress: '5 minutes' }, 'spec.suppress: Invalid value: "5 minutes"'],
    ['a filter and rules', 'CorrelationRule', { ...rule, rules: ['b'] }, 'expected either "filter" or "rules"'],
    ['neither incidents nor violations', 'ResponsePolicy', { ...policy, match: {} }, 'expected either "incidents" or "violations"'],
    ['no steps', 'ResponsePolicy', { ...policy, steps: [] }, 'spec.steps'],
    ['an unknown action', 'ResponsePolicy', { ...policy, steps: [{ action: 'reboot' }] }, 'spec.steps[0].action: Unsupported value: "reboot"'],
    ['a silence that ends before it begins', 'Silence', { ...silence, endsAt: '2025-01-01T00:00:00Z' }, '"endsAt" is not after "startsAt"'],
    ['a time that is none', 'Silence', { ...silence, endsAt: 'tomorrow' }, 'spec.endsAt'],
    ['an unknown channel', 'Subscription', { ...subscription, channel: { type: 'pager' } }, 'spec.channel.type: Unsupported value: "pager"'],
    [
      'an unknown key of a channel',
      'Subscription',
      { ...subscription, channel: { type: 'syslog', hots: 'siem' } },
      'unknown field "spec.channel.hots"',
    ],
  ])('refuse %s', async (_name, kind, spec, message) => {
    expect(await refusal({ kind, apiVersion: 'tocsin.dev/v1', metadata: { name: 'a' }, spec } as Document)).toContain(message);
  });
});
