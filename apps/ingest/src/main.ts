import { main } from '@tocsin/runtime/nest';
import { ingestPart } from './part.js';

await main({ name: 'ingest', version: '0.1.0', parts: [ingestPart] });
