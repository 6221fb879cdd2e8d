import { Counter, type Registry } from 'prom-client';

export type ResponderMetrics = ReturnType<typeof createResponderMetrics>;

/** Names of policies are those of the user's documents, so their number is bounded. */
export function createResponderMetrics(registry: Registry) {
  const registers = [registry];
  return {
    observed: new Counter({
      name: 'tocsin_responder_incidents_observed_total',
      help: 'Incident changes read, by what changed.',
      labelNames: ['change'],
      registers,
    }),
    planned: new Counter({
      name: 'tocsin_responder_actions_planned_total',
      help: 'Actions that policies want done.',
      labelNames: ['policy', 'type', 'mode'],
      registers,
    }),
    skipped: new Counter({
      name: 'tocsin_responder_skipped_total',
      help: 'Matches of a policy, or of one of its steps, for which nothing was planned: muted, resolved, or no_target.',
      labelNames: ['policy', 'reason'],
      registers,
    }),
    commands: new Counter({
      name: 'tocsin_responder_commands_total',
      help: 'Commands about actions, by what became of them.',
      labelNames: ['type', 'outcome'],
      registers,
    }),
    events: new Counter({
      name: 'tocsin_responder_action_events_total',
      help: 'What became of actions, by type of action.',
      labelNames: ['type', 'event'],
      registers,
    }),
    refused: new Counter({
      name: 'tocsin_responder_actions_refused_total',
      help: 'Actions that a limit, a protection or a missing right kept from happening.',
      labelNames: ['type', 'by'],
      registers,
    }),
    released: new Counter({
      name: 'tocsin_responder_marks_released_total',
      help: 'Effects found in clusters that no action on record stood for, and that were taken away.',
      registers,
    }),
  };
}
