import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describeReal, faultyApi, installCrds, sharedApiServer, type ApiCall, type FaultyApi, type KubeAdmin } from '@tocsin/testing';
import { parse } from 'yaml';
import type { HitsOf, SourceListener } from '../sources/source.js';
import { openPolicySource } from '../sources/source.js';

jest.setTimeout(120_000);

const CRDS = join(import.meta.dirname, '..', '..', '..', '..', 'deploy', 'crds');
const spec = (title: string, more: object = {}): object => ({ title, severity: 'high', kind: 'single', filter: 'true', ...more });

/** Names and titles of the rules in force. */
type Titles = Record<string, string>;

/** What one process is told. */
class Replica implements SourceListener<Titles> {
  titles: Titles = {};
  mistakes: string[] = [];
  applied = 0;
  readonly logged: string[] = [];
  readonly causes: string[] = [];
  stop: () => Promise<void> = () => Promise.resolve();

  onValid(titles: Titles): void {
    this.applied += 1;
    this.titles = titles;
    this.mistakes = [];
  }

  onInvalid({ message }: Error): void {
    this.mistakes = message.split('\n');
  }
}

describeReal('kubernetes', 'policy objects, at a real API server by way of faults', () => {
  let admin: KubeAdmin;
  let proxy: FaultyApi;
  let directory: string;
  let namespace: string;
  const replicas: Replica[] = [];

  beforeAll(async () => {
    admin = await sharedApiServer();
    const files = (await readdir(CRDS)).map(async (name) => parse(await readFile(join(CRDS, name), 'utf8')) as object);
    await installCrds(admin, await Promise.all(files));
    directory = await mkdtemp(join(tmpdir(), 'tocsin-source-'));
    proxy = await faultyApi(admin);
    await writeFile(join(directory, 'kubeconfig'), proxy.through.kubeconfig());
  });
  beforeEach(async () => {
    namespace = await admin.namespace();
    proxy.behave(() => 'pass');
  });
  afterEach(async () => {
    await Promise.all(replicas.splice(0).map(({ stop }) => stop()));
  });
  afterAll(async () => {
    await proxy?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const path = (name = ''): string => `/apis/tocsin.dev/v1/namespaces/${namespace}/correlationrules${name === '' ? '' : `/${name}`}`;
  const put = (name: string, own: object): Promise<unknown> =>
    admin.must('PATCH', `${path(name)}?fieldManager=kubectl&force=true`, document(name, own), 'application/apply-patch+yaml');
  const document = (name: string, own: object): object => ({ apiVersion: 'tocsin.dev/v1', kind: 'CorrelationRule', metadata: { name }, spec: own });
  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await condition())) await pause(10);
  };
  const isWatch = ({ path: called }: ApiCall): boolean => called.includes('watch=true');

  async function open(hitsOf?: HitsOf): Promise<Replica> {
    const replica = new Replica();
    const config = {
      cluster: 'test',
      policyDir: '',
      policies: { source: 'kubernetes', kubeconfig: join(directory, 'kubeconfig'), namespace },
    } as const;
    const source = await openPolicySource<Titles>(config, {
      kinds: ['CorrelationRule'],
      schemas: {},
      interpret: ({ rules }) => Object.fromEntries(rules.map((rule) => [rule.metadata.name, rule.spec.title])),
    });
    const log = (fields: { err?: unknown }, message: string): void => {
      replica.logged.push(message);
      if (fields.err instanceof Error) replica.causes.push(fields.err.message);
    };
    replica.titles = await source.first({ info: log, warn: log });
    replica.stop = await source.watch(replica, hitsOf);
    replicas.push(replica);
    return replica;
  }

  it('are waited for while the server does not answer, which is told once', async () => {
    await put('a', spec('First'));
    proxy.behave((_call, index) => ([{ status: 503 }, 'lose the request', { cutAfterBytes: 10 }, 'lose the reply'][index - from] as never) ?? 'pass');
    const from = proxy.calls.length;
    const replica = await open();
    expect(replica.titles).toEqual({ a: 'First' });
    expect(replica.logged.filter((line) => line.startsWith('Policy objects cannot be read'))).toHaveLength(1);
    expect(replica.logged).toContain('Policy objects can be read again.');
  });

  it.each([
    ['is cut', 'lose the request'],
    ['is refused', { status: 500 }],
    ['has expired', { status: 410 }],
  ] as const)('are followed on when a watch %s', async (_name, fault) => {
    await put('a', spec('First'));
    const replica = await open();
    let faults = 3;
    proxy.behave((call) => (isWatch(call) && faults-- > 0 ? fault : 'pass'));
    proxy.cut();
    await put('a', spec('Second'));
    await put('b', spec('New'));
    await until(() => replica.titles['a'] === 'Second' && replica.titles['b'] === 'New');
    expect(faults).toBeLessThan(3);
    await admin.must('DELETE', path('a'));
    await until(() => !('a' in replica.titles));
  });

  it('are told to listeners once, with the mistakes of all and what stays', async () => {
    await put('a', spec('First'));
    const replica = await open();
    await put('a', spec('Second', { severity: 'low', filter: 'violation.nam == "x"' }));
    await put('b', spec('New', { filter: '((' }));
    await until(() => replica.mistakes.length === 2);
    expect(replica.mistakes[0]).toMatch(new RegExp(`^namespaces/${namespace}/correlationrules/a: spec\\.filter: names "violation\\.nam"`));
    expect([replica.titles, replica.applied]).toEqual([{ a: 'First' }, 0]);
    // As it was, so that nothing is new but that nothing is wrong.
    await put('a', spec('First'));
    await admin.must('DELETE', path('b'));
    await until(() => replica.applied === 1 && replica.mistakes.length === 0);
    expect(replica.titles).toEqual({ a: 'First' });
  });

  it('have one status whoever of several replicas writes it, and it is not written without end', async () => {
    await Promise.all([open(), open(), open()]);
    await put('a', spec('First'));
    await put('a', spec('Second'));
    const accepted = async (): Promise<boolean> => {
      const { metadata, status } = await admin.get(path('a'));
      const { observedGeneration, conditions = [] } = (status ?? {}) as { observedGeneration?: number; conditions?: { status: string }[] };
      return observedGeneration === metadata.generation && conditions[0]?.status === 'True';
    };
    await until(accepted);
    const { metadata } = await admin.get(path('a'));
    // What comes after it shows that all three are through with it.
    await put('z', spec('Last'));
    await until(() => replicas.every(({ titles }) => titles['z'] === 'Last'));
    await until(async () => 'conditions' in ((await admin.get(path('z'))).status ?? {}));
    expect((await admin.get(path('a'))).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('count as not in force as they are while they cannot be read, and stay', async () => {
    await put('a', spec('First'));
    const replica = await open();
    proxy.behave(() => ({ status: 503, body: '{"message":"is starting"}' }));
    proxy.cut();
    await until(() => replica.mistakes.length > 0);
    expect(replica.mistakes).toEqual([expect.stringMatching(/^kubernetes: CorrelationRule: cannot be read: GET .* was answered 503: is starting$/)]);
    expect(replica.titles).toEqual({ a: 'First' });
    proxy.behave(() => 'pass');
    await until(() => replica.mistakes.length === 0);
    expect(replica.titles).toEqual({ a: 'First' });
  });

  it('tell what to do where the definitions or the rights are missing', async () => {
    const before = proxy.calls.length;
    const answers = [
      { status: 404, body: '404 page not found' },
      { status: 403, body: '{"message":"correlationrules.tocsin.dev is forbidden"}' },
    ];
    proxy.behave((_call, index) => answers[index - before] ?? 'pass');
    const { causes } = await open();
    expect(causes).toEqual([
      expect.stringMatching(/^GET \/apis\/tocsin\.dev\/v1\/.* was answered 404: .*; install the definitions of deploy\/crds$/),
    ]);
  });

  it('are in force also where their status may not be written', async () => {
    proxy.behave(({ method }) => (method === 'PUT' ? { status: 403, body: '{"message":"no"}' } : 'pass'));
    const replica = await open();
    await put('a', spec('First'));
    await until(() => replica.titles['a'] === 'First');
    await put('b', spec('Second'));
    await until(() => replica.titles['b'] === 'Second');
    await until(() => replica.logged.some((line) => line.startsWith('The status of a policy object could not be written')));
    expect(replica.logged.filter((line) => line.startsWith('The status of a policy object'))).toHaveLength(1);
  });

  it('say how often they have come to something', async () => {
    await put('a', spec('First'));
    await put('b', spec('Second'));
    await open({ kind: 'CorrelationRule', read: () => Promise.resolve(new Map([['a', { count: 3, last: '2026-11-24T10:00:00.000Z' }]])) });
    const status = async (name: string): Promise<object> => (await admin.get(path(name))).status ?? {};
    await until(async () => 'hits' in (await status('a')) && 'hits' in (await status('b')));
    expect(await status('a')).toMatchObject({ hits: 3, lastHit: '2026-11-24T10:00:00.000Z' });
    expect(await status('b')).toMatchObject({ hits: 0 });
    expect(await status('b')).not.toHaveProperty('lastHit');
  });
});
