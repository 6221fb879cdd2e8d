import type { Expectation, StoryEvent, StorySilence } from '../scenario/schema.js';
import { scenarioSpec } from '../scenario/schema.js';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, indexesAt, parsePart } from './parse.js';

export interface ScenarioSpec {
  description: string | undefined;
  silences: StorySilence[];
  events: StoryEvent[];
  expect: Expectation;
}

/** A story that `tocsin test` plays with all policies of its directory; the services leave it alone. */
export type Scenario = PolicyDocument<'Scenario', ScenarioSpec>;

export const scenario: DocumentKind<'Scenario', ScenarioSpec> = {
  kind: 'Scenario',
  spec: () => scenarioSpec,
  parseSpec(doc, value, _schemas, issues) {
    const before = issues.length;
    const parsed = parsePart(doc, ['spec'], value, scenarioSpec, issues);
    for (const index of indexesAt(doc, ['spec', 'silences'])) checkFilter(doc, ['spec', 'silences', index, 'filter'], 'incident', issues);
    return parsed === undefined || issues.length > before ? undefined : { ...parsed, description: parsed.description };
  },
};
