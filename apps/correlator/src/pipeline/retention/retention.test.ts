import { openStore } from '@tocsin/store';
import { runRetentionContract } from './contract.js';

runRetentionContract(() => openStore({ file: ':memory:' }));
