import type { Expectation, StoryEvent } from '../scenario/schema.js';
import { scenarioSpec } from '../scenario/schema.js';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { parsePart } from './parse.js';

export interface ScenarioSpec {
  description: string | undefined;
  events: StoryEvent[];
  expect: Expectation;
}

/** A story that `tocsin test` plays with all policies of its directory; the services leave it alone. */
export type Scenario = PolicyDocument<'Scenario', ScenarioSpec>;

export const scenario: DocumentKind<'Scenario', ScenarioSpec> = {
  kind: 'Scenario',
  spec: () => scenarioSpec,
  parseSpec(doc, value, _schemas, issues) {
    const parsed = parsePart(doc, ['spec'], value, scenarioSpec, issues);
    return parsed === undefined ? undefined : { ...parsed, description: parsed.description };
  },
};
