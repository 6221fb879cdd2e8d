export { responderPart } from './part.js';
