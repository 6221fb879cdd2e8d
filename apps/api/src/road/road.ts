import { Problem } from '@tocsin/runtime/nest';
import {
  deliveriesAbout,
  getViolation,
  incidentsOfViolation,
  listActions,
  sumRuleHits,
  type Joined,
  type Queryable,
  type Store,
} from '@tocsin/store';
import type { Violation } from '@tocsin/domain';
import { BadParameters, readQuery, roadQuery } from '../http/query.js';
import type { RoadBody } from '../resources/road.js';
import { showDelivery } from '../resources/subscription.js';
import { conditionsOf, tellConditions, type Conditions } from './conditions.js';
import { tellRoad } from './tell.js';

/** Of each kind. A violation that is in more incidents than this is told of with the first of them. */
const MOST = 50;

export async function readRoad({ db }: Store, id: string, query: unknown): Promise<RoadBody> {
  const { rule: asked } = readQuery(roadQuery, query);
  const violation = await getViolation(db, id);
  if (violation === undefined) {
    const detail =
      'It was never seen, has not been stored yet, or is no longer kept. What could not be decoded has no id: look at /v1/dead-letters?stage=decode.';
    throw new Problem({ status: 404, detail });
  }
  const joined = await incidentsOfViolation(db, id, MOST);
  const looked = asked === undefined ? undefined : await look(db, asked, violation, joined);
  const subjects = [id, ...joined.map(({ incident }) => incident.id)];
  const pages = await Promise.all(subjects.map((subject) => listActions(db, { subject }, { limit: MOST })));
  const actions = pages.flatMap(({ items }) => items);
  const deliveries = await deliveriesAbout(db, [...subjects, ...actions.map((action) => action.id)], MOST);
  return {
    violation,
    told: [...tellRoad({ violation, joined, actions, deliveries }), ...(looked?.told ?? [])],
    incidents: joined.map(({ incident, rule, ruleVersion, late }) => ({ incident, rule, rule_version: ruleVersion, late })),
    ...(looked !== undefined && { rule: looked.conditions }),
    actions,
    deliveries: deliveries.map(showDelivery),
  };
}

async function look(
  db: Queryable,
  rule: string,
  violation: Violation,
  joined: readonly Joined[],
): Promise<{ conditions: Conditions; told: string[] }> {
  const conditions = await conditionsOf(db, rule, violation);
  if (conditions === undefined) throw new BadParameters([{ parameter: 'rule', detail: 'no rule of that name is in force; /v1/rules lists them' }]);
  const holds = joined.some(({ incident, rule: by }) => incident.rule.name === rule || by === rule);
  const evicted = (await sumRuleHits(db)).find((hits) => hits.rule === rule)?.evicted ?? 0;
  return { conditions, told: tellConditions(conditions, holds, evicted) };
}
