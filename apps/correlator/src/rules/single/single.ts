import { z } from 'zod';
import { isTick, type RuleKind } from '../rule-kind.js';

/** Every match belongs to an incident at once; repeats of a group are absorbed by the incident of its period. */
export const single: RuleKind<Record<never, never>> = {
  type: 'single',
  summary: 'One violation that matches is enough.',
  input: 'none',
  config: z.strictObject({}),
  create: (_config, { grace }) => ({
    because: 'one match is enough',
    lag: grace,
    step: (_state, input) => ({ state: undefined, members: isTick(input) ? [] : [input], wakeAt: undefined }),
  }),
};
