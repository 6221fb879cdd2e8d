import { runRuleKindContract, GRACE } from '../contract.js';
import type { Match } from '../rule-kind.js';
import { absence } from './absence.js';

const create = (after: string, expected: string) =>
  absence.create(absence.config.parse({ timespan: '1m', rules: [...new Set([after, expected])], after, expect: expected }), { grace: GRACE });
const oracle = (after: string, expected: string) => (set: readonly Match[]) =>
  set.filter((one) => one.k === after && !set.some((other) => other.k === expected && other.t > one.t && other.t <= one.t + 60_000));

runRuleKindContract('absence', { create: () => create('a', 'b'), keys: ['a', 'b'], members: oracle('a', 'b') });
runRuleKindContract('absence of a sign of life', { create: () => create('a', 'a'), keys: ['a'], members: oracle('a', 'a') });
