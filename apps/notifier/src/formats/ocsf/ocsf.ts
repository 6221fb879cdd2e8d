import { z } from 'zod';
import type { FormatInput, FormatKind } from '../format.js';
import { detectionFinding } from './detection-finding.js';
import { digestFinding } from './digest-finding.js';
import { incidentFinding } from './incident-finding.js';
import { remediationActivity } from './remediation-activity.js';

const ocsfConfig = z.strictObject({
  raw: z.boolean().default(true).describe("Whether a violation holds the sensor's own event as it arrived, as `raw_data`."),
});

export const ocsf: FormatKind<z.infer<typeof ocsfConfig>> = {
  type: 'ocsf',
  summary: 'OCSF 1.8 as JSON: Detection Finding (2004), Incident Finding (2005), Remediation Activity (7001).',
  config: ocsfConfig,
  create: ({ raw }) => ({
    write: (event) => ({ mediaType: 'application/json', body: Buffer.from(JSON.stringify(ocsfEvent(event, raw))) }),
  }),
};

function ocsfEvent(event: FormatInput, raw: boolean): object {
  switch (event.events) {
    case 'violations':
      return detectionFinding(event.data, raw);
    case 'incidents':
      return incidentFinding(event.data);
    case 'actions':
      return remediationActivity(event.data);
    case 'digests':
      return digestFinding(event.data);
  }
}
