import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadPolicies, type PolicySet } from './policies.js';
import { contentOf, watchPolicies } from './watch.js';

const EVERY_MS = 2;

describe('watchPolicies', () => {
  let directory: string;
  let events: string[];
  let loads: number;
  let stops: (() => Promise<void>)[];

  const silence = (name: string, endsAt = '2026-07-02T18:00:00Z'): string =>
    `apiVersion: tocsin.dev/v1\nkind: Silence\nmetadata: { name: ${name} }\nspec: { filter: "true", endsAt: ${endsAt}, author: A, comment: C }\n`;
  /** At once, so that no look meets half a file. */
  const put = async (name: string, text: string): Promise<void> => {
    await writeFile(join(directory, '.new'), text);
    await rename(join(directory, '.new'), join(directory, name));
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await pause(1);
  };
  const happened = async (...expected: string[]): Promise<void> => {
    await until(() => events.length >= expected.length);
    expect(events).toEqual(expected);
  };
  const load = async (): Promise<PolicySet> => {
    loads++;
    return loadPolicies(directory, {});
  };
  const watch = async (loadSet = load): Promise<() => Promise<void>> => {
    const stop = watchPolicies(directory, await contentOf(directory), {
      load: loadSet,
      onValid: ({ silences }) => events.push(silences.map(({ metadata }) => metadata.name).join() || 'none'),
      onInvalid: ({ message }) => events.push(message.replace(`${directory}/`, '')),
      everyMs: EVERY_MS,
    });
    stops.push(stop);
    return stop;
  };
  /** Time for many looks, by another watch that looks as often. */
  const manyLooks = async (): Promise<void> => {
    const other = await mkdtemp(join(tmpdir(), 'policies-'));
    let seen = 0;
    const stop = watchPolicies(other, '', { load: async () => {}, onValid: () => seen++, onInvalid: () => {}, everyMs: EVERY_MS });
    for (let round = 1; round <= 5; round++) {
      await writeFile(join(other, 'a.yaml'), `${round}`);
      await until(() => seen >= round);
    }
    await stop();
    await rm(other, { recursive: true });
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'policies-'));
    events = [];
    loads = 0;
    stops = [];
    await put('a.yaml', silence('a'));
  });
  afterEach(async () => {
    for (const stop of stops) await stop();
    await rm(directory, { recursive: true });
  });

  it('says nothing, and reads nothing, while nothing changes', async () => {
    await watch();
    await put('notes.txt', 'no policy');
    await manyLooks();
    expect({ events, loads }).toEqual({ events: [], loads: 0 });
  });

  it('hands on what changed between reading at start and watching', async () => {
    const seen = await contentOf(directory);
    await put('b.yaml', silence('b'));
    stops.push(watchPolicies(directory, seen, { load, onValid: () => events.push('changed'), onInvalid: () => {}, everyMs: EVERY_MS }));
    await happened('changed');
  });

  it('hands on the whole set when a file is changed, added and removed', async () => {
    await watch();
    await put('a.yaml', silence('changed'));
    await happened('changed');
    await put('b.yaml', silence('b'));
    await happened('changed', 'changed,b');
    await rm(join(directory, 'a.yaml'));
    await happened('changed', 'changed,b', 'b');
    await rm(join(directory, 'b.yaml'));
    await happened('changed', 'changed,b', 'b', 'none');
  });

  it('sees a ConfigMap being swapped by its link, with files of the same names and sizes', async () => {
    const mount = async (version: string, name: string): Promise<void> => {
      await mkdir(join(directory, version));
      await put(`${version}/rules.yaml`, silence(name));
      await symlink(version, join(directory, '..data_tmp'));
      await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    };
    await rm(join(directory, 'a.yaml'));
    await mount('..2026_01', 'one');
    await symlink('..data/rules.yaml', join(directory, 'rules.yaml'));
    await watch();
    await mount('..2026_02', 'two');
    await happened('two');
  });

  it('tells mistakes once, hands nothing on meanwhile, and what was in force again when they are taken back', async () => {
    const wrong = 'b.yaml:4:33: spec.endsAt: is the text "soon", expected a time such as "2026-11-23T14:00:00Z"';
    await watch();
    await put('b.yaml', silence('b', 'soon'));
    await happened(wrong);
    await manyLooks();
    await happened(wrong);
    await rm(join(directory, 'b.yaml'));
    await happened(wrong, 'a');
  });

  it('tells of whatever else keeps the set from being read', async () => {
    await watch(async () => {
      throw new TypeError('The built-in rules are not there.');
    });
    await put('a.yaml', silence('b'));
    await happened('The built-in rules are not there.');
  });

  it('hands on nothing that changed while it was read', async () => {
    const meanwhile = async (): Promise<PolicySet> => {
      const set = await load();
      if (loads === 1) await put('c.yaml', silence('c'));
      return set;
    };
    await watch(meanwhile);
    await put('b.yaml', silence('b'));
    await happened('a,b,c');
  });

  it('hands on nothing after it was stopped, and ends what it reads first', async () => {
    const reading = Promise.withResolvers<void>();
    const stop = await watch(async () => {
      loads++;
      await reading.promise;
      return load();
    });
    await put('b.yaml', silence('b'));
    await until(() => loads === 1);
    const stopped = stop();
    reading.resolve();
    await stopped;
    expect({ events, loads }).toEqual({ events: [], loads: 2 });
  });
});
