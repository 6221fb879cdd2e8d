import { runRuleKindContract } from '../contract.js';
import { single } from './single.js';

runRuleKindContract('single', { create: () => single.create({}, { grace: 0 }), keys: [''], members: (set) => set });
