import { VIOLATION_SCHEMA, violationId, violationKey, type Violation } from '@tocsin/domain';
import { EventType, encodeEvent, type LogRecord } from '@tocsin/event-log';
import type { SubscriptionState } from '@tocsin/store';

/** Source of what Tocsin itself has to say; a built-in rule makes incidents of it. */
const SOURCE = 'tocsin';

/**
 * Tells that a subscription was disabled, or is served again: a violation like any other, so that it reaches whoever
 * subscribes to such, through another channel. Its id is that of the change: replicas that see it at once say one thing.
 */
export function noticeOf(change: 'disabled' | 'enabled', state: SubscriptionState): LogRecord {
  const { subscription, channel, failingSince, since, lastError, lastErrorReason } = state;
  const name = change === 'disabled' ? 'Subscription disabled' : 'Subscription enabled';
  // Replicas may see it a moment apart; since when it failed is the same for all.
  const time = change === 'disabled' ? (failingSince ?? since) : since;
  const message =
    change === 'disabled'
      ? `Subscription "${subscription}" (${channel}) delivered nothing since ${failingSince}, and was disabled; its events wait on the log. The last error: ${lastError}`
      : `Subscription "${subscription}" (${channel}) is served again; what waited for it is being delivered.`;
  const violation: Violation = {
    schema: VIOLATION_SCHEMA,
    id: violationId(SOURCE, SOURCE, `${name}: ${subscription}`, time),
    source: SOURCE,
    kind: 'generic',
    name: `${name}: ${subscription}`,
    message,
    severity_id: change === 'disabled' ? 4 : 1,
    time: since,
    received_time: since,
    cluster: SOURCE,
    workload: {},
    disposition: 'Detected',
    attacks: [],
    tags: [],
    labels: { subscription, channel, ...(change === 'disabled' && { reason: lastErrorReason }) },
    count: 1,
    raw: '',
  };
  return encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/tocsin/notifier', time: since }, violation);
}
