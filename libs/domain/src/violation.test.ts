import { expect, it } from '@jest/globals';
import { severityId, severityName } from './severity.js';
import { violationKey } from './violation.js';

it('keys violations of one workload alike, and host events by node', () => {
  expect(violationKey({ cluster: 'c', workload: { namespace: 'n', name: 'w' } })).toBe('c/n/w');
  expect(violationKey({ cluster: 'c', workload: { namespace: 'n' } })).toBe('c/n/');
  expect(violationKey({ cluster: 'c', workload: {}, node: { name: 'worker-1' } })).toBe('c//node/worker-1');
  expect(violationKey({ cluster: 'c', workload: {} })).toBe('c//node/');
});

it('reads severities in any case', () => {
  expect(severityId('CRITICAL')).toBe(5);
  expect(severityId('sever')).toBeUndefined();
  expect(severityName(1)).toBe('Informational');
});
