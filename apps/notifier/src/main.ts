import { main } from '@tocsin/runtime/nest';
import { notifierPart } from './part.js';

await main({ name: 'notifier', version: '0.1.0', parts: [notifierPart] });
