import { GRACE, runRuleKindContract } from '../contract.js';
import { single } from './single.js';

runRuleKindContract('single', { create: () => single.create({}, { grace: GRACE }), keys: [''], members: (set) => set });
