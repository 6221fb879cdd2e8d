export { notifierPart } from './part.js';
