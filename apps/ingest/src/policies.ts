/** What a SourceMapping says. */
export { mapping as mappingSchema } from './sources/generic/mapping.js';
