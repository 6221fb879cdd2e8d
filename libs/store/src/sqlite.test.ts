import { describeStore } from './conformance/store.conformance.js';
import { openStore } from './index.js';

describeStore('store on SQLite', { open: () => openStore({ file: ':memory:' }) });
