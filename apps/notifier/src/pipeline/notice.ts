import { VIOLATION_SCHEMA, violationId, violationKey, type Violation } from '@tocsin/domain';
import { EventType, encodeEvent, type LogRecord } from '@tocsin/event-log';
import type { SubscriptionState } from '@tocsin/store';
import type { Notice } from '../channels/channel.js';

/** Source of what Tocsin itself has to say; a built-in rule makes incidents of it. */
const SOURCE = 'tocsin';

/**
 * Tells that a subscription was disabled, or is served again: a violation like any other, so that it reaches whoever
 * subscribes to such, through another channel. Its id is that of the change: replicas that see it at once say one thing.
 */
export function noticeOf(change: 'disabled' | 'enabled', state: SubscriptionState): LogRecord {
  const { subscription, channel, failingSince, since, lastError, lastErrorReason } = state;
  const disabled = change === 'disabled';
  return noticeRecord({
    name: `Subscription ${change}: ${subscription}`,
    message: disabled
      ? `Subscription "${subscription}" (${channel}) delivered nothing since ${failingSince}, and was disabled; its events wait on the log. The last error: ${lastError}`
      : `Subscription "${subscription}" (${channel}) is served again; what waited for it is being delivered.`,
    severityId: disabled ? 4 : 1,
    // Replicas may see it a moment apart; since when it failed is the same for all.
    identity: disabled ? (failingSince ?? since) : since,
    time: since,
    labels: { subscription, channel, ...(disabled && { reason: lastErrorReason }) },
  });
}

/** What Tocsin itself has to say, as a record for the log of violations. The same name and identity are the same notice. */
export function noticeRecord({ name, message, severityId, identity, time, labels }: Notice & { time: string }): LogRecord {
  const violation: Violation = {
    schema: VIOLATION_SCHEMA,
    id: violationId(SOURCE, SOURCE, name, identity),
    source: SOURCE,
    kind: 'generic',
    name,
    message,
    severity_id: severityId,
    time,
    received_time: time,
    cluster: SOURCE,
    workload: {},
    disposition: 'Detected',
    attacks: [],
    tags: [],
    labels: { ...labels },
    count: 1,
    raw: '',
  };
  return encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/tocsin/notifier', time }, violation);
}
