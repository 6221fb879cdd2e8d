import { main } from '@tocsin/runtime/nest';
import { correlatorPart } from './part.js';

await main({ name: 'correlator', version: '0.1.0', parts: [correlatorPart] });
