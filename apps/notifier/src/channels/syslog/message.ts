import { hostname } from 'node:os';
import { asciiJson, formatRfc5424, syslogSeverity } from '@tocsin/syslog';
import type { Delivery } from '../channel.js';
import type { SyslogConfig } from './config.js';

/** Without a number of our own, the one that RFC 5612 reserves for documentation marks our structured data. */
const STRUCTURED_DATA_ID = 'tocsin@32473';

/** The event as JSON in an RFC 5424 message; MSGID is the kind of event, the structured data holds our ids. */
export function syslogMessage(delivery: Delivery, config: Pick<SyslogConfig, 'facility' | 'appName'>): Buffer {
  const { id, type, time, severityId } = delivery.event;
  return formatRfc5424({
    facility: config.facility,
    severity: syslogSeverity(severityId),
    timestamp: time,
    hostname: hostname(),
    appName: config.appName,
    msgId: type.split('.')[2] ?? type,
    structuredData: [{ id: STRUCTURED_DATA_ID, params: { delivery: delivery.id, event: id, type, subscription: delivery.subscription } }],
    message: asciiJson(delivery.body.toString('utf8')),
  });
}
