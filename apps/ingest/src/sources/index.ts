import { cloudevents } from './cloudevents/cloudevents.js';
import { falco } from './falco/falco.js';
import { generic } from './generic/generic.js';
import { neuvector } from './neuvector/neuvector.js';
import type { Source } from './source.js';

/** The source adapters; `POST /v1/sources/<type>` and `ingest.sources.<type>` name one of them. */
export const sources: readonly Source[] = [cloudevents, falco, generic, neuvector];
