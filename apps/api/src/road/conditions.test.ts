import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addIncidentViolations, addRuleHits, insertViolations, putPolicies, upsertIncidents } from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { openApi, type Answer, type ApiUnderTest } from '../access/testing.js';

const T = '2026-09-14T14:00:00.000Z';
const violation = buildViolation({ name: 'shell', severity_id: 3 });
const rule = (name: string, spec: object, mode: 'enabled' | 'disabled' = 'enabled') => ({
  ...{ name, mode, file: 'a.yaml', line: 1, hash: 'h', loadedAt: T },
  document: JSON.stringify({ spec }),
});

describe('why a rule matched a violation, or did not', () => {
  let api: ApiUnderTest;
  beforeEach(async () => {
    api = await openApi({ protection: { by: 'loopback' } });
    await insertViolations(api.store.db, [violation]);
    await putPolicies(api.store.db, 'CorrelationRule', [
      rule('shells', { filter: 'violation.name == "shell"' }),
      rule('grave', { filter: 'violation.name == "shell" && violation.severity_id >= 5 && !(violation.name.startsWith("sh"))' }),
      rule('roots', { filter: 'violation.user.name == "root"' }),
      rule('off', { filter: 'violation.name == "shell"' }, 'disabled'),
      rule('chain', { rules: ['shells', 'roots'] }),
      rule('circle', { rules: ['circle', 'chain', 'gone'] }),
    ]);
  });
  afterEach(() => api.close());

  const explain = (name: string): Promise<Answer> => api.send('GET', `/v1/violations/${violation.id}/explain?rule=${name}`);
  const told = async (name: string): Promise<string[]> => (await explain(name)).body['told'] as string[];

  it('says which terms failed, with what was found', async () => {
    const { body } = await explain('grave');
    expect(body['told']).toContain(
      'The rule grave does not match it: violation.severity_id >= 5 (found violation.severity_id 3); not violation.name.startsWith("sh") (found violation.name "shell").',
    );
    expect(body['rule']).toMatchObject({
      rule: 'grave',
      enabled: true,
      conditions: [
        {
          matches: false,
          reasons: [
            { text: 'violation.severity_id >= 5', holds: false, negated: false, found: [{ field: 'violation.severity_id', value: '3' }] },
            { text: 'violation.name.startsWith("sh")', holds: true, negated: true },
          ],
        },
      ],
    });
  });

  it('says what the violation lacks', async () => {
    expect(await told('roots')).toContain('The rule roots does not match it: violation.user.name == "root" (found violation.user.name absent).');
  });

  it('says that it matches and waits for more', async () => {
    expect(await told('shells')).toEqual(
      expect.arrayContaining([
        'The rule shells matches it.',
        expect.stringMatching(/^No incident holds it by the rule shells: it waits for more of its group, .*\.$/),
      ]),
    );
    expect((await told('shells')).join()).not.toContain('evicted:');
  });

  it('says that it may have been evicted, and how much was', async () => {
    await addRuleHits(api.store.db, 'v/0', [{ rule: 'shells', matches: 9, signals: 0, incidents: 0, evicted: 4, lastMatchAt: T }], T);
    expect(await told('shells')).toContainEqual(expect.stringContaining('or was evicted: the rule gave up 4 for want of room'));
  });

  it('says nothing of waiting when an incident holds it', async () => {
    const incident = buildIncident({ id: 'i-1' });
    await upsertIncidents(api.store.db, [{ incident: { ...incident, rule: { ...incident.rule, name: 'shells' } }, home: 't/0', dueAt: null }]);
    await addIncidentViolations(api.store.db, [
      { incidentId: 'i-1', violationId: violation.id, time: violation.time, rule: 'shells', ruleVersion: 'v1', late: false },
    ]);
    const sentences = await told('shells');
    expect(sentences).toContain('The rule shells matches it.');
    expect(sentences.join()).not.toContain('No incident holds it');
  });

  it('says that the rule is disabled', async () => {
    expect(await told('off')).toEqual(expect.arrayContaining(['The rule off is disabled.', 'The rule off, which is disabled, matches it.']));
  });

  it('goes through the rules that it is chained to, and ends', async () => {
    for (const name of ['chain', 'circle']) {
      const { rule: looked } = (await explain(name)).body as { rule: { conditions: { rule: string; matches: boolean }[] } };
      expect(looked.conditions.map((condition) => [condition.rule, condition.matches])).toEqual([
        ['shells', true],
        ['roots', false],
      ]);
    }
  });

  it('refuses a rule that is not in force', async () => {
    expect(await explain('gone')).toMatchObject({
      status: 400,
      body: { errors: [{ parameter: 'rule', detail: expect.stringContaining('/v1/rules') }] },
    });
  });
});
