import { describe, expect, it } from '@jest/globals';
import { directed, directedFor, directedTo, isFor, undirected } from './directed.js';

const record = { key: 'k', value: Buffer.from('{}'), headers: { ce_id: 'x' } };

describe('a directed record', () => {
  it('is for its group alone, and keeps its key, value and id', () => {
    const to = directed(record, 'notifier.soc', 'redelivery');
    expect([isFor(to, 'notifier.soc'), isFor(to, 'notifier.noc'), isFor(record, 'notifier.noc')]).toEqual([true, false, true]);
    expect([directedTo(to), directedFor(to), to.key, to.value, to.headers['ce_id']]).toEqual(['notifier.soc', 'redelivery', 'k', record.value, 'x']);
    expect(undirected(to.headers)).toEqual(record.headers);
  });

  it('has a reason that is known, whoever wrote the header', () => {
    expect(directedFor({ headers: { tocsin_for: 'fun' } })).toBeUndefined();
  });
});
