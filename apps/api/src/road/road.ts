import { Problem } from '@tocsin/runtime/nest';
import { deliveriesAbout, getViolation, incidentsOfViolation, listActions, type Store } from '@tocsin/store';
import { noQuery, readQuery } from '../http/query.js';
import type { RoadBody } from '../resources/road.js';
import { showDelivery } from '../resources/subscription.js';
import { tellRoad } from './tell.js';

/** Of each kind. A violation that is in more incidents than this is told of with the first of them. */
const MOST = 50;

export async function readRoad({ db }: Store, id: string, query: unknown): Promise<RoadBody> {
  readQuery(noQuery, query);
  const violation = await getViolation(db, id);
  if (violation === undefined) {
    const detail =
      'It was never seen, has not been stored yet, or is no longer kept. What could not be decoded has no id: look at /v1/dead-letters?stage=decode.';
    throw new Problem({ status: 404, detail });
  }
  const joined = await incidentsOfViolation(db, id, MOST);
  const subjects = [id, ...joined.map(({ incident }) => incident.id)];
  const pages = await Promise.all(subjects.map((subject) => listActions(db, { subject }, { limit: MOST })));
  const actions = pages.flatMap(({ items }) => items);
  const deliveries = await deliveriesAbout(db, [...subjects, ...actions.map((action) => action.id)], MOST);
  return {
    violation,
    told: tellRoad({ violation, joined, actions, deliveries }),
    incidents: joined.map(({ incident, rule, ruleVersion, late }) => ({ incident, rule, rule_version: ruleVersion, late })),
    actions,
    deliveries: deliveries.map(showDelivery),
  };
}
