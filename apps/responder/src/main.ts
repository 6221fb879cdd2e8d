import { main } from '@tocsin/runtime/nest';
import { responderPart } from './part.js';

await main({ name: 'responder', version: '0.1.0', parts: [responderPart] });
