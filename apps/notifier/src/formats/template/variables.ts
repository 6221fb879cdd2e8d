import { describeKnown } from '@tocsin/extension';
import { fieldAt, type EventVariable } from '@tocsin/policy';
import { engineFor } from './engine.js';

/** What every template has beside its event. */
const OTHERS: Readonly<Record<string, readonly string[] | undefined>> = { event: ['id', 'type', 'source', 'time'], severity: undefined };
/** What Liquid itself answers of texts and lists. */
const LIQUID = new Set(['size', 'first', 'last']);

/** What the template names and no event has, each as a clause with its place. Names that are computed are not known before. */
export function unknownVariables(text: string, variable: EventVariable): string[] {
  const engine = engineFor(String);
  const { globals } = engine.analyzeSync(engine.parse(text), { partials: false });
  const found = new Set<string>();
  for (const uses of Object.values(globals)) {
    for (const { segments, location } of uses) {
      const problem = problemOf(segments, variable);
      if (problem !== undefined) found.add(`${problem} (line ${location.row}, character ${location.col} of the template)`);
    }
  }
  return [...found];
}

function problemOf(segments: readonly unknown[], variable: EventVariable): string | undefined {
  const [root, ...steps] = segments;
  if (root === variable) return unknownField(steps, variable);
  const name = String(root);
  if (!Object.hasOwn(OTHERS, name)) return `names "${name}", which is no variable here; ${describeKnown(name, [variable, ...Object.keys(OTHERS)])}`;
  const [step] = steps;
  const known = OTHERS[name];
  if (known === undefined || typeof step !== 'string' || known.includes(step)) return undefined;
  return `names "${name}.${step}", which does not exist; ${describeKnown(step, known)}`;
}

function unknownField(steps: readonly unknown[], variable: EventVariable): string | undefined {
  const path: string[] = [];
  for (const step of steps) {
    const here = fieldAt(variable, path);
    if (typeof here !== 'object') return scalarStep(here, step, [variable, ...path]);
    if (typeof step !== 'string') return undefined;
    if (!Object.hasOwn(here, step)) {
      return `names "${[variable, ...path, step].join('.')}", which no ${variable} has; ${describeKnown(step, Object.keys(here))}`;
    }
    path.push(step);
  }
  return undefined;
}

/** What a list or a map holds is not known; of a text there is its size, of a number and such there is nothing. */
function scalarStep(type: string | undefined, step: unknown, path: readonly string[]): string | undefined {
  if (type === 'list' || type === 'map' || (type === 'text' && LIQUID.has(String(step)))) return undefined;
  return `names "${[...path, String(step)].join('.')}", but "${path.join('.')}" is a ${type}`;
}
