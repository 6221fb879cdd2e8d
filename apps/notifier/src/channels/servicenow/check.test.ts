import { afterEach, describe, expect, it } from '@jest/globals';
import { fakeServiceNow, freePort, type FakeServiceNow, type FakeServiceNowOptions } from '@tocsin/testing';
import type { Channel } from '../channel.js';
import { channelDeps } from '../testing.js';
import { servicenow } from './servicenow.js';

const CANARY = 'canary-of-the-check';
process.env['TEST_SERVICENOW_CHECK'] = CANARY;

describe('what is asked of ServiceNow before there is an incident', () => {
  let instance: FakeServiceNow;
  afterEach(() => instance.close());
  const look = async (config: object = {}, options: Partial<FakeServiceNowOptions> = {}): Promise<string[]> => {
    instance = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: CANARY } }, ...options });
    const auth = { basic: { username: 'tocsin', password: { env: 'TEST_SERVICENOW_CHECK' } } };
    const channel = servicenow.create(servicenow.config.parse({ instance: instance.url, auth, closeCode: 'Solved', ...config }), channelDeps());
    const found = await (channel.check as NonNullable<Channel['check']>)(new AbortController().signal);
    await channel.close();
    expect(JSON.stringify(found)).not.toContain(CANARY);
    expect(instance.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
    return found.map(({ what, ok, message }) => `${ok ? 'ok' : 'NO'} ${what}: ${message}`);
  };

  it('is all well, and writes nothing', async () => {
    expect(await look({ closeCodes: { false_positive: 'No fault' }, fields: { assignment_group: 'SOC' }, displayValues: true })).toEqual([
      'ok connection: reads the table incident',
      'ok columns: correlation_id, correlation_display, work_notes, close_code, close_notes, assignment_group',
      'ok resolution codes: Solved, No fault',
      'ok states: 2, 6, 7, 8',
      'ok assignment group: SOC',
    ]);
  });

  it('names columns, codes, states and groups that are not there', async () => {
    const states = { resolved: '9', reopened: '2', closed: ['7'] };
    const fields = { u_team: 'x', assignment_group: 'SOC' };
    expect(await look({ closeCode: 'Done', states, fields }, { renamed: ['correlation_id'] })).toEqual([
      'ok connection: reads the table incident',
      'NO columns: there is no correlation_id, u_team; ServiceNow leaves out what it does not know without a word',
      'NO resolution codes: "Done" is no choice of close_code; there are "Solved", "No fault", "Duplicate"',
      'NO states: "9" is no choice of state; there are "1", "2", "3", "6", "7", "8"',
      'NO assignment group: "SOC" is no sys_id; set "displayValues: true" to name a group as people see it',
    ]);
  });

  it('says what it could not look at', async () => {
    const found = await look({}, { hidden: ['sys_dictionary', 'sys_choice'] });
    expect(found.filter((line) => line.includes('not looked at'))).toHaveLength(3);
  });

  it('says when nobody listens, the password is wrong, or the table is not there', async () => {
    expect(await look({ instance: `http://127.0.0.1:${await freePort()}` })).toEqual([expect.stringMatching(/^NO connection: /)]);
    await instance.close();
    expect(await look({}, { auth: { basic: { username: 'tocsin', password: 'other' } } })).toEqual([expect.stringMatching(/^NO connection: .*401/)]);
    await instance.close();
    const states = { resolved: '3', reopened: '16', closed: ['7'] };
    expect(await look({ table: 'x_none', states })).toEqual([expect.stringMatching(/^NO connection: .*Invalid table x_none/)]);
  });
});
