import type { Path } from '@tocsin/extension';
import type { PolicySchemas } from '../kinds/document-kind.js';
import type { PolicyKind } from '../kinds/resources.js';
import { EVENT_VARIABLE, type SubscriptionSpec } from '../kinds/subscription.js';
import { checkChannel } from './channel.js';
import { filterWithin, nameWithin, type Reach } from './reach.js';

/** A `spec` as it is written; its document has been found to have no mistakes. */
export type RawSpec = Readonly<Record<string, unknown>>;

/** Something that a document of a namespace may not say, with its place and the remedy. */
export type Refuse = (path: Path, message: string) => void;

type Narrow = (spec: RawSpec, reach: Reach, refuse: Refuse, schemas: PolicySchemas) => RawSpec;

/** What becomes of documents of namespaces, so that they reach nothing beyond these. */
const NARROW: Readonly<Record<PolicyKind, Narrow>> = {
  CorrelationRule: (spec, reach) => ({
    ...spec,
    ...(typeof spec['filter'] === 'string' && { filter: filterWithin(reach, spec['filter'], 'violation') }),
    // Rules name those of their namespace alone: the matches of others are about other namespaces, too.
    ...rulesWithin(spec, reach),
  }),
  ResponsePolicy(spec, reach, refuse) {
    const match = spec['match'] as { incidents?: string; violations?: string };
    (spec['steps'] as { action: string }[]).forEach(({ action }, index) => {
      if (!CLUSTER_WIDE.includes(action)) return;
      refuse(['steps', index, 'action'], `is "${action}", which concerns a whole node; only policies in Tocsin's own namespace may`);
    });
    return {
      ...spec,
      match: {
        ...(match.incidents !== undefined && { incidents: filterWithin(reach, match.incidents, 'incident') }),
        ...(match.violations !== undefined && { violations: filterWithin(reach, match.violations, 'violation') }),
      },
    };
  },
  Silence: (spec, reach) => ({ ...spec, filter: filterWithin(reach, spec['filter'] as string, 'incident') }),
  SourceMapping(spec, _reach, refuse) {
    refuse([], "is in a namespace that is not Tocsin's own, but a mapping decides which namespace events are about; move it there");
    return spec;
  },
  Subscription(spec, reach, refuse, { channels }) {
    checkChannel(spec['channel'] as RawSpec, reach, channels, refuse);
    const variable = EVENT_VARIABLE[spec['events'] as SubscriptionSpec['events']];
    return { ...spec, filter: filterWithin(reach, spec['filter'] as string | undefined, variable) };
  },
};

/** Actions whose targets are in no namespace. */
const CLUSTER_WIDE: readonly string[] = ['cordon'];

/** Keys of rule kinds that name one of `rules`, and maps by their names. What is forgotten here is refused, since it names none then. */
const NAMES_A_RULE = ['after', 'expect'];
const BY_RULE = ['scores'];

function rulesWithin(spec: RawSpec, reach: Reach): RawSpec {
  const within = (name: unknown): string => nameWithin(reach, String(name));
  const { rules, inhibits, aliases } = spec as {
    rules?: string[];
    inhibits?: { rules: string[] }[];
    aliases?: Record<string, object>;
  };
  const ofRules = (byRule: object): object =>
    Object.fromEntries(Object.entries(byRule).map(([rule, value]: [string, unknown]) => [within(rule), value]));
  return {
    ...(rules !== undefined && { rules: rules.map(within) }),
    ...Object.fromEntries(NAMES_A_RULE.filter((key) => key in spec).map((key) => [key, within(spec[key])])),
    ...Object.fromEntries(BY_RULE.filter((key) => key in spec).map((key) => [key, ofRules(spec[key] as object)])),
    ...(inhibits !== undefined && { inhibits: inhibits.map((inhibition) => ({ ...inhibition, rules: inhibition.rules.map(within) })) }),
    ...(aliases !== undefined && { aliases: Object.fromEntries(Object.entries(aliases).map(([name, byRule]) => [name, ofRules(byRule)])) }),
  };
}

/** The `spec` of a document of that namespace as it is in force. */
export function narrow(kind: PolicyKind, spec: RawSpec, reach: Reach, schemas: PolicySchemas, refuse: Refuse): RawSpec {
  return NARROW[kind](spec, reach, refuse, schemas);
}
