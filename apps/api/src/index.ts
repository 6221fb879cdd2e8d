export { apiPart } from './part.js';
