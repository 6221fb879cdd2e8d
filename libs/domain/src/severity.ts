/** OCSF `severity_id`. 0 (Unknown) and 99 (Other) are not used: every source maps into this scale. */
export type SeverityId = 1 | 2 | 3 | 4 | 5 | 6;

export const SEVERITIES = {
  1: 'Informational',
  2: 'Low',
  3: 'Medium',
  4: 'High',
  5: 'Critical',
  6: 'Fatal',
} as const satisfies Record<SeverityId, string>;

export type SeverityName = (typeof SEVERITIES)[SeverityId];

export function severityName(id: SeverityId): SeverityName {
  return SEVERITIES[id];
}

/** Reads a severity by its OCSF caption in any case; undefined when there is none of that name. */
export function severityId(name: string): SeverityId | undefined {
  const wanted = name.toLowerCase();
  for (const [id, caption] of Object.entries(SEVERITIES)) {
    if (caption.toLowerCase() === wanted) return Number(id) as SeverityId;
  }
  return undefined;
}
