import type { Action, Incident, Violation } from '@tocsin/domain';
import type { DeliveryRow, Joined } from '@tocsin/store';

export interface Road {
  violation: Violation;
  joined: readonly Joined[];
  actions: readonly Action[];
  deliveries: readonly DeliveryRow[];
}

/** The road of a violation in sentences, in the order in which things are done. */
export function tellRoad({ violation, joined, actions, deliveries }: Road): string[] {
  return [
    `The source ${violation.source} reported it for ${violation.time}; it was received at ${violation.received_time} and kept.`,
    ...(joined.length === 0 ? [NOT_JOINED] : joined.flatMap(tellIncident)),
    ...actions.map(tellAction),
    ...(joined.length > 0 && actions.length === 0 ? ['No policy planned an action for it.'] : []),
    ...(deliveries.length === 0 ? ['Nobody was told: no subscription wanted it, or it has not been sent yet.'] : deliveries.map(tellDelivery)),
  ];
}

const NOT_JOINED =
  'No incident holds it: no rule matched it, or those that did wait for more, or their counts were evicted (see incidents of the rule detection-degraded). ' +
  '/v1/violations/<id>/explain?rule=<name> says which term of a rule failed, and so does "tocsin explain <rule> <events>".';

function tellIncident({ incident, rule, late }: Joined): string[] {
  const by = rule === incident.rule.name ? `The rule ${rule} matched it` : `The rule ${rule}, which ${incident.rule.name} follows, matched it`;
  return [
    `${by}: it is one of ${incident.count} in the incident "${incident.title}" (${incident.id}), which is ${incident.status}.`,
    ...(late ? ['It came later than the correlator waits for, so that it may have been counted apart.'] : []),
    ...(incident.muted ?? []).map((muting) => tellMuting(incident, muting)),
  ];
}

function tellMuting({ id }: Incident, muting: NonNullable<Incident['muted']>[number]): string {
  const by = muting.by === 'silence' ? `the silence ${muting.id}` : `the incident ${muting.id}, which inhibits it`;
  return `Nobody is told of the incident ${id} because of ${by}: ${muting.comment}`;
}

function tellAction({ id, type, policy, target, state, reason, refused_by: refusal }: Action): string {
  const why = refusal === undefined ? '' : ` by ${refusal}`;
  return `The policy ${policy} asked for ${type} of ${target.type} ${target.name} (${id}): ${state}${why}. ${reason}`;
}

function tellDelivery({ subscription, eventId, state, attempts, lastAt, reason, message }: DeliveryRow): string {
  const times = `${attempts} attempt${attempts === 1 ? '' : 's'}`;
  const failure = reason === '' ? '' : ` (${reason}: ${message})`;
  switch (state) {
    case 'delivered':
      return `The subscription ${subscription} was sent ${eventId}: delivered at ${lastAt}, after ${times}.`;
    case 'pending':
      return `The subscription ${subscription} waits for ${eventId}: ${times} failed, the last at ${lastAt}${failure}; there will be another.`;
    case 'dead':
      return `The subscription ${subscription} could not be sent ${eventId}: given up at ${lastAt} after ${times}${failure}; it is with the dead letters.`;
  }
}
