export { ingestPart } from './part.js';
