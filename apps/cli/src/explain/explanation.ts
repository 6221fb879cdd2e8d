import { compilePolicies, groupOf, readText } from '@tocsin/correlator/policies';
import { Simulation } from '@tocsin/correlator/simulation';
import { severityName, type Incident, type Violation } from '@tocsin/domain';
import { explainFilter, reasonsOf, type CorrelationRule, type Reason } from '@tocsin/policy';
import { GRACE_MS } from '../stories/play.js';
import { rulesFor } from '../stories/rules-for.js';

/** What a rule makes of events, and why. */
export interface Explanation {
  rule: { name: string; kind: string; title: string; enabled: boolean; file: string; line: number };
  /** What it takes, for people. */
  needs: string;
  events: EventExplanation[];
  incidents: IncidentExplanation[];
}

export interface EventExplanation {
  id: string;
  time: string;
  name: string;
  /** Its workload or node. */
  where: string;
  /** The rule's own condition, or those of the rules that it is chained to. */
  conditions: { rule: string; matches: boolean; reasons: Reason[] }[];
  /** What the rule would count it under, where it looks at the event itself; empty where nothing matches. */
  group: Record<string, string>;
  /** Of a rule that counts values: which one it has; empty when it has none and does not count. */
  value?: { field: string; value: string };
}

export interface IncidentExplanation {
  title: string;
  severity: string;
  count: number;
  group: Record<string, string>;
  /** Why it exists. */
  reason: string;
  members: { id: string; time: string; name: string; rule: string }[];
  /** Whether its conditions for a higher severity hold. */
  escalations: { to: string; holds: boolean; reasons: Reason[] }[];
}

type Rules = ReturnType<typeof compilePolicies>;
type CompiledRule = NonNullable<ReturnType<Rules['byName']['get']>>;

export async function explainRule(rule: CorrelationRule, all: readonly CorrelationRule[], violations: readonly Violation[]): Promise<Explanation> {
  const documents = rulesFor(rule, all);
  const rules = compilePolicies(documents, GRACE_MS);
  const compiled = rules.byName.get(rule.metadata.name) as CompiledRule;
  // What it inhibits is among the documents, but says nothing about it.
  const inputs = documents.filter(({ metadata, spec }) => spec.filter !== undefined && leadsTo(rules, metadata.name, rule.metadata.name));
  const ordered = violations.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  return {
    rule: { name: rule.metadata.name, kind: rule.spec.kind, title: rule.spec.title, enabled: rule.spec.enabled, ...rule.origin },
    needs: compiled.reducer.because,
    events: ordered.map((violation) => explainEvent(violation, inputs, rule, compiled)),
    incidents: await incidentsOf(rule, rules, ordered),
  };
}

function leadsTo(rules: Rules, from: string, to: string): boolean {
  return from === to || (rules.byName.get(from)?.dependents ?? []).some(({ name }) => leadsTo(rules, name, to));
}

function explainEvent(violation: Violation, inputs: readonly CorrelationRule[], rule: CorrelationRule, compiled: CompiledRule): EventExplanation {
  const { namespace, name } = violation.workload;
  const conditions = inputs.map((input) => {
    const term = explainFilter(input.spec.filter ?? 'false', 'violation', violation);
    return { rule: input.metadata.name, matches: term.outcome === true, reasons: reasonsOf(term) };
  });
  const direct = conditions.find((condition) => condition.matches && [rule.metadata.name, ...rule.spec.rules].includes(condition.rule));
  return {
    id: violation.id,
    time: violation.time,
    name: violation.name,
    where: [namespace, name].filter(Boolean).join('/') || (violation.node?.name ?? ''),
    conditions,
    group: direct === undefined ? {} : groupOf(compiled.groupBy, direct.rule, (path) => readText(violation, path)).values,
    ...(direct !== undefined && compiled.field !== undefined && { value: { field: compiled.field, value: readText(violation, compiled.field) } }),
  };
}

/** Plays the events at their own times, with the rule that is asked about and what it is chained to. */
async function incidentsOf(rule: CorrelationRule, rules: Rules, violations: readonly Violation[]): Promise<IncidentExplanation[]> {
  const startAt = Date.parse(violations[0]?.time ?? new Date(0).toISOString());
  const simulation = await Simulation.open({ rules, grace: GRACE_MS, startAt });
  try {
    for (const violation of violations) {
      await simulation.advanceTo(Date.parse(violation.time));
      // Whether it came late is not what is asked here.
      await simulation.feed([{ ...violation, received_time: violation.time }]);
    }
    if ([...rules.byName.values()].some(({ reducer }) => reducer.namesOnTick === true)) await simulation.advanceTo(decidedAt(rules, simulation.now));
    const incidents = (await simulation.incidents()).filter((incident) => incident.rule.name === rule.metadata.name);
    const result: IncidentExplanation[] = [];
    for (const incident of incidents) result.push(await explainIncident(incident, rule, simulation, violations));
    return result;
  } finally {
    await simulation.close();
  }
}

/** When it is certain that what should have happened has not. */
function decidedAt(rules: Rules, now: number): number {
  return now + [...rules.byName.values()].reduce((sum, { reducer }) => sum + reducer.lag, GRACE_MS) + 1;
}

async function explainIncident(
  incident: Incident,
  { spec }: CorrelationRule,
  simulation: Simulation,
  violations: readonly Violation[],
): Promise<IncidentExplanation> {
  const byId = new Map(violations.map((violation) => [violation.id, violation]));
  const trail = await simulation.trail(incident.id);
  return {
    title: incident.title,
    severity: severityName(incident.severity_id).toLowerCase(),
    count: incident.count,
    group: incident.group,
    reason: incident.reason,
    members: trail.map(({ id, time, rule }) => ({ id, time, name: byId.get(id)?.name ?? '', rule })),
    escalations: spec.escalate.map(({ to, when }) => {
      const term = explainFilter(when, 'incident', incident);
      return { to: severityName(to).toLowerCase(), holds: term.outcome === true, reasons: reasonsOf(term) };
    }),
  };
}
