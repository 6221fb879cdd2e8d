export { correlatorPart } from './part.js';
