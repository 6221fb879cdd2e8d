import { describe, expect, it } from '@jest/globals';
import { freePort } from '@tocsin/testing';
import type { Channel, Finding } from '../channel.js';
import { CANARY, jiraScene, never } from './testing.js';

describe.each(['cloud', 'datacenter'] as const)('what is asked of Jira before there is an incident, %s', (flavor) => {
  const scene = jiraScene(flavor);
  const look = async (config: object = {}): Promise<readonly Finding[]> => {
    const channel = scene.create(config);
    const found = await (channel.check as NonNullable<Channel['check']>)(never);
    await channel.close();
    expect(JSON.stringify(found)).not.toContain(CANARY);
    return found;
  };
  const wrong = async (config: object = {}): Promise<string[]> =>
    (await look(config)).flatMap(({ ok, what, message }) => (ok ? [] : [`${what}: ${message}`]));
  const again = async (options: Parameters<typeof scene.open>[0]): Promise<void> => {
    await scene.fake.close();
    scene.fake = await scene.open(options);
  };

  it('is all well, and writes nothing', async () => {
    const found = await look({ priorities: { high: 'High' }, components: ['Security'], fields: { customfield_10042: 'x' } });
    expect(found.map(({ what, ok }) => `${what} ${ok}`)).toEqual([
      'connection true',
      'login true',
      'permissions true',
      'issue type true',
      'fields true',
      'workflow true',
    ]);
    expect(scene.fake.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
  });

  it('names what is set and not there, and what is required and not set', async () => {
    await again({ required: ['customfield_7'] });
    expect(await wrong({ priorities: { high: 'P1' }, components: ['Sec'], fields: { customfield_1: 'x' } })).toEqual([
      expect.stringContaining('fields: customfield_1 cannot be set'),
      expect.stringContaining('fields: "customfield_7" (customfield_7) is required'),
      'fields: there is no priority "P1"; there are "Highest", "High", "Medium", "Low", "Lowest"',
      'fields: there is no component "Sec"; there are "Security"',
    ]);
  });

  it('names the permissions that are lacking, and the project that is not there', async () => {
    await again({ lacks: ['CREATE_ISSUES', 'TRANSITION_ISSUES'] });
    expect(await wrong()).toEqual([expect.stringContaining('permissions: lacks CREATE_ISSUES, TRANSITION_ISSUES in the project SEC')]);
    expect(await wrong({ project: 'NONE' })).toEqual([expect.stringMatching(/^permissions: .*No project could be found with key 'NONE'/)]);
  });

  it('knows an issue type that is not there, and a workflow without an end', async () => {
    await again({ canEnd: false });
    expect(await wrong({ issueType: 'Bug' })).toEqual(['issue type: there is no issue type "Bug"; the project has "Task"']);
    expect(await wrong()).toEqual([expect.stringContaining('workflow: has no status of the category Done')]);
  });

  it('says when nobody listens, and when the token is not taken', async () => {
    expect(await wrong({ url: `http://127.0.0.1:${await freePort()}`, flavor: 'auto' })).toEqual([expect.stringMatching(/^connection: /)]);
    expect(await wrong({ auth: { bearer: { env: 'TEST_JIRA_SECRET' } } })).toEqual([expect.stringMatching(/^login: .*look at "auth"$/)]);
  });
});
