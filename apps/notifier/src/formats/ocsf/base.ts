import { severityName, type Attack, type SeverityId } from '@tocsin/domain';
import { PRODUCT } from '../product.js';

/** The OCSF release that these events are of. */
export const OCSF_VERSION = '1.8.0';

/** What OCSF has no number for; the caption is ours then. */
const OTHER = 99;

/** A number of an OCSF enumeration and its caption. */
export type Choice = readonly [id: number, caption: string];

export interface EventClass {
  class: Choice;
  category: Choice;
  profiles: readonly string[];
}

interface Base {
  activity: Choice;
  severityId: SeverityId;
  /** RFC 3339. */
  time: string;
  message: string;
  uid: string;
  /** When it was taken in, RFC 3339. */
  logged?: string;
  /** What all that belongs to one incident has in common. */
  correlationUid?: string | undefined;
}

/** What every class has. */
export function baseEvent({ class: [classUid, className], category, profiles }: EventClass, base: Base): object {
  const [activityId, activityName] = base.activity;
  return {
    activity_id: activityId,
    activity_name: activityName,
    category_uid: category[0],
    category_name: category[1],
    class_uid: classUid,
    class_name: className,
    type_uid: classUid * 100 + activityId,
    type_name: `${className}: ${activityId === OTHER ? 'Other' : activityName}`,
    severity_id: base.severityId,
    severity: severityName(base.severityId),
    time: epochMs(base.time),
    message: base.message,
    metadata: {
      version: OCSF_VERSION,
      profiles,
      product: { name: PRODUCT.name, vendor_name: PRODUCT.vendor, version: PRODUCT.version },
      uid: base.uid,
      correlation_uid: base.correlationUid,
      original_time: base.time,
      logged_time: base.logged === undefined ? undefined : epochMs(base.logged),
    },
  };
}

export function epochMs(time: string): number {
  return Date.parse(time);
}

const SUB_TECHNIQUE = /^(T\d+)\.\d+$/;

/** Tactics by name and techniques by id, as far as each is known; undefined where there are none. */
export function attacksOf(attacks: readonly Attack[]): object[] | undefined {
  const known = attacks.filter(({ tactic, technique }) => tactic !== undefined || technique !== undefined);
  if (known.length === 0) return undefined;
  return known.map(({ tactic, technique }) => ({
    tactic: tactic === undefined ? undefined : { name: captionOf(tactic) },
    technique: technique === undefined ? undefined : { uid: SUB_TECHNIQUE.exec(technique)?.[1] ?? technique },
    sub_technique: technique !== undefined && SUB_TECHNIQUE.test(technique) ? { uid: technique } : undefined,
  }));
}

/** `privilege_escalation` as MITRE writes it: `Privilege Escalation`. */
function captionOf(tactic: string): string {
  return tactic
    .split('_')
    .map((word) => (['and', 'of'].includes(word) ? word : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join(' ');
}

/** The list, or nothing where it is empty: OCSF leaves out what is not known. */
export function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
