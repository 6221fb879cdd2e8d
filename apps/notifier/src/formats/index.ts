import { cef } from './cef/cef.js';
import { cloudevents } from './cloudevents/cloudevents.js';
import type { FormatKind } from './format.js';
import { leef } from './leef/leef.js';
import { ocsf } from './ocsf/ocsf.js';
import { template } from './template/template.js';
import { tocsin } from './tocsin/tocsin.js';

/** Every format; a new one is its folder and a line here. */
export const formats: readonly FormatKind[] = [tocsin, cloudevents, ocsf, cef, leef, template];
