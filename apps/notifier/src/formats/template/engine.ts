import { Liquid } from 'liquidjs';

/** The variable of each kind of event, as in conditions. */
export const VARIABLES = { violations: 'violation', incidents: 'incident', actions: 'action' } as const;

/** A template sees what it is given and nothing else: no files, no prototypes, no other templates. */
const SANDBOX = { ownPropertyOnly: true, strictFilters: true, templates: {}, timezoneOffset: 0 };
const LIMITS = {
  parseLimit: 64 * 1024,
  /** Milliseconds for one event. */
  renderLimit: 100,
  /** Characters and items that filters may make for one event. */
  memoryLimit: 4 * 1024 * 1024,
};
/** Tags that read other templates. */
const ELSEWHERE = ['include', 'render', 'layout', 'block'];

/** `escape` writes every value that the template puts in. */
export function engineFor(escape: (value: unknown) => string): Liquid {
  const engine = new Liquid({ ...SANDBOX, ...LIMITS, outputEscape: escape });
  for (const tag of ELSEWHERE) delete engine.tags[tag];
  return engine;
}

/** What is wrong with the text, as a clause; undefined when it is a template. */
export function syntaxProblem(text: string): string | undefined {
  try {
    engineFor(String).parse(text);
    return undefined;
  } catch (error) {
    return `is no template: ${firstLine(error)}`;
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n', 1)[0] ?? '';
}
