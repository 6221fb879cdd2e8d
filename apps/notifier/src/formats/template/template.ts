import { severityName, type Digest } from '@tocsin/domain';
import type { Format, FormatInput, FormatKind } from '../format.js';
import { FormatError } from '../format.js';
import { oneLine } from '../text.js';
import { templateConfig, type TemplateConfig } from './config.js';
import { engineFor, VARIABLES } from './engine.js';
import { unknownVariables } from './variables.js';

/** A text of the user's, with values of the event put in. */
export const template: FormatKind<TemplateConfig> = {
  type: 'template',
  summary: 'A text of your own with values of the event in it, in the Liquid language.',
  config: templateConfig,
  check: ({ text }, variable) => unknownVariables(text, variable).map((message) => ({ path: ['text'], message })),
  create: (config) => new Template(config),
};

/** How a value is put in, so that it stays one value; `raw` in the template takes it as it is. */
const ESCAPES: Record<TemplateConfig['escape'], (value: unknown) => string> = {
  line: (value) => oneLine(plain(value)),
  json: (value) => JSON.stringify(value ?? null),
  html: (value) =>
    plain(value)
      .toWellFormed()
      .replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
  none: plain,
};

class Template implements Format {
  readonly #config: TemplateConfig;
  readonly #render: (variables: object) => string;

  constructor(config: TemplateConfig) {
    this.#config = config;
    const engine = engineFor(ESCAPES[config.escape]);
    const parsed = engine.parse(config.text);
    this.#render = (variables) => String(engine.renderSync(parsed, variables));
  }

  write(event: FormatInput): { mediaType: string; body: Buffer } {
    const { mediaType, maxBytes, escape } = this.#config;
    const text = event.events === 'digests' ? digestText(event.data, escape) : this.#text(variablesOf(event), TRIES);
    // Measured first as text, which is never more than bytes, so that a huge one is not copied.
    if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) {
      throw new FormatError(`the template wrote more than ${maxBytes} bytes; see "maxBytes"`);
    }
    if (escape === 'json') assertJson(text);
    return { mediaType, body: Buffer.from(text) };
  }

  #text(variables: object, tries: number): string {
    try {
      return this.#render(variables);
    } catch (error) {
      const { message } = error as Error;
      if (message.includes(LATE) && tries > 1) return this.#text(variables, tries - 1);
      throw new FormatError(`the template failed: ${message}`, { cause: error });
    }
  }
}

/** Time goes by the clock, and the machine may have been busy with something else: what is late is tried again. */
const TRIES = 3;
const LATE = 'template render limit exceeded';

/** A template says how one event is written; many are told by their summary. */
function digestText(digest: Digest, escape: TemplateConfig['escape']): string {
  const { id, summary, count } = digest;
  return escape === 'json' ? JSON.stringify({ id, summary, count }) : `digest ${id}: ${ESCAPES[escape](summary)}`;
}

function variablesOf({ events, data, attributes }: Exclude<FormatInput, { events: 'digests' }>): object {
  const { id, type, source, time } = attributes;
  return { [VARIABLES[events]]: data, event: { id, type, source, time }, severity: severityName(data.severity_id) };
}

/** Lists with commas between, as Liquid writes them; maps as JSON, for want of a better text. */
function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.map(plain).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function assertJson(text: string): void {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new FormatError('the template wrote what is not JSON; values stand without quotes where "escape" is "json"', { cause });
  }
}
