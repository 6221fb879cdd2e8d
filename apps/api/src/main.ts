import { main } from '@tocsin/runtime/nest';
import { apiPart } from './part.js';

await main({ name: 'api', version: '0.1.0', parts: [apiPart] });
