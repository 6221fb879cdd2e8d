// The dashboards, one per audience. A new panel is one object here; `node scripts/grafana.ts` writes deploy/grafana/dashboards anew.
import { type Dashboard, increase, type Panel, quantile, rate, select } from './panel.ts';

const series = (title: string, unit: Panel['unit'], description: string, ...queries: Panel['queries'][number][]): Panel => ({
  type: 'timeseries',
  title,
  unit,
  description,
  queries,
});
const stat = (title: string, unit: Panel['unit'], description: string, expr: string, thresholds?: Panel['thresholds']): Panel => ({
  type: 'stat',
  title,
  unit,
  description,
  queries: [{ expr, legend: title }],
  ...(thresholds && { thresholds }),
});
/** A counter that does not exist before its first event reads as 0. */
const orZero = (expr: string): string => `${expr} or vector(0)`;
const median = 'half of them';
const slowest = '99 of 100';

const overview: Dashboard = {
  name: 'overview',
  title: 'Overview',
  description: 'Is Tocsin well, and does everything that came in get out? For whoever is on call.',
  consolePath: '/',
  rows: [
    {
      title: 'Now',
      panels: [
        stat(
          'Violations in',
          'eps',
          'Violations made durable, per second. 0 while sensors are busy: look at rejected events, then at the sensors.',
          orZero(rate('tocsin_ingest_violations_total', [])),
        ),
        stat(
          'Farthest behind',
          's',
          'Age of the oldest event that some subscription has not ended with. See the runbook subscription-behind.',
          `max(${select('tocsin_notifier_lag_seconds')})`,
          { warn: 60, bad: 600 },
        ),
        stat(
          'Subscriptions not served',
          'short',
          'Subscriptions that failed for too long, or that somebody disabled. See the runbook subscription-disabled.',
          `sum(max by (subscription) (${select('tocsin_notifier_subscription_disabled')}))`,
          { bad: 1 },
        ),
        stat(
          'Actions failed',
          'short',
          'Actions that failed in the time shown. See the runbook action-failed.',
          orZero(increase('tocsin_responder_action_events_total', [], 'event="failed"')),
          { bad: 1 },
        ),
      ],
    },
    {
      title: 'The road of an event',
      panels: [
        series(
          'Events per stage',
          'eps',
          'What each stage did per second. The lines rise and fall together; one that stays down names the stage that stands.',
          { expr: rate('tocsin_ingest_violations_total', []), legend: 'ingest' },
          { expr: rate('tocsin_correlator_records_total', ['topic']), legend: 'correlator {{topic}}' },
          { expr: rate('tocsin_notifier_deliveries_total', []), legend: 'notifier' },
        ),
        series(
          'Lost or refused',
          'eps',
          'Events that did not go on, by where. Nothing should be here; each has its runbook.',
          { expr: rate('tocsin_ingest_rejected_total', ['source']), legend: 'rejected {{source}}' },
          { expr: rate('tocsin_ingest_syslog_dropped_total', ['protocol']), legend: 'syslog dropped {{protocol}}' },
          { expr: rate('tocsin_correlator_evicted_total', ['rule']), legend: 'evicted {{rule}}' },
          { expr: rate('tocsin_notifier_deliveries_total', ['subscription'], 'result="dead"'), legend: 'dead {{subscription}}' },
        ),
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          ...series('Builds', 'short', 'Which versions run, and in how many processes. Two versions at a time only while an upgrade rolls.', {
            expr: `count by (version) (${select('tocsin_build_info')})`,
          }),
          type: 'table',
        },
        series('Memory', 'bytes', 'Resident memory per process. It rises to a plateau; a line that never bends is a leak.', {
          expr: select('process_resident_memory_bytes'),
          legend: '{{service}} {{instance}}',
        }),
        series('Event loop delay', 's', 'How late timers fire, 99 of 100. Above 0.1 s the process has too little CPU.', {
          expr: select('nodejs_eventloop_lag_p99_seconds'),
          legend: '{{service}} {{instance}}',
        }),
      ],
    },
  ],
};

const incidents: Dashboard = {
  name: 'incidents',
  title: 'Incidents',
  description: 'What the rules make of the violations. For who writes rules and works on incidents.',
  consolePath: '/',
  rows: [
    {
      title: 'Incidents',
      panels: [
        series('Changes', 'eps', 'New versions of incidents per second, by what changed.', {
          expr: rate('tocsin_correlator_incident_changes_total', ['change']),
          legend: '{{change}}',
        }),
        series('Commands', 'eps', 'What operators said about incidents, by what came of it.', {
          expr: rate('tocsin_correlator_commands_total', ['type', 'outcome']),
          legend: '{{type}} {{outcome}}',
        }),
      ],
    },
    {
      title: 'Rules',
      panels: [
        series(
          'Busiest rules',
          'eps',
          'The ten rules whose filter most violations pass. One far above the others wants a narrower filter or a silence.',
          { expr: `topk(10, ${rate('tocsin_correlator_matches_total', ['rule'])})`, legend: '{{rule}}' },
        ),
        series('Not counted', 'eps', 'Groups and matches forgotten for want of room: detection is degraded. See the runbook detection-degraded.', {
          expr: rate('tocsin_correlator_evicted_total', ['rule', 'cause']),
          legend: '{{rule}} {{cause}}',
        }),
        series(
          'Late violations',
          'eps',
          'Violations that came later than correlator.grace after they happened. They are counted; sensors or shippers are slow.',
          { expr: rate('tocsin_correlator_late_violations_total', []), legend: 'late' },
        ),
      ],
    },
  ],
};

const response: Dashboard = {
  name: 'response',
  title: 'Response',
  description: 'What Tocsin did in the clusters, and what kept it from doing more. For who answers for the policies.',
  consolePath: '/actions',
  rows: [
    {
      title: 'In the time shown',
      panels: [
        stat('Planned', 'short', 'Actions that policies wanted done.', orZero(increase('tocsin_responder_actions_planned_total', []))),
        stat(
          'Failed',
          'short',
          'Actions that failed. See the runbook action-failed.',
          orZero(increase('tocsin_responder_action_events_total', [], 'event="failed"')),
          { bad: 1 },
        ),
        stat(
          'Refused',
          'short',
          'Actions that a limit, a protection or a missing right kept from happening. Many: a policy is too wide, or its limits too narrow.',
          orZero(increase('tocsin_responder_actions_refused_total', [])),
          { warn: 1, bad: 20 },
        ),
        stat(
          'Marks released',
          'short',
          'Effects found in clusters that no action on record stood for. Any: somebody changed the database or labelled by hand.',
          orZero(increase('tocsin_responder_marks_released_total', [])),
          { warn: 1, bad: 10 },
        ),
      ],
    },
    {
      title: 'Actions',
      panels: [
        series('Planned by policy', 'eps', 'Actions per second that each policy wants done, by mode.', {
          expr: rate('tocsin_responder_actions_planned_total', ['policy', 'mode']),
          legend: '{{policy}} {{mode}}',
        }),
        series('What became of them', 'eps', 'Changes of actions per second, by type and what happened.', {
          expr: rate('tocsin_responder_action_events_total', ['type', 'event']),
          legend: '{{type}} {{event}}',
        }),
        series('Refused by', 'eps', 'What kept actions from happening.', {
          expr: rate('tocsin_responder_actions_refused_total', ['type', 'by']),
          legend: '{{type}} {{by}}',
        }),
        series('Nothing planned', 'eps', 'Matches of a policy for which nothing was planned, by reason.', {
          expr: rate('tocsin_responder_skipped_total', ['policy', 'reason']),
          legend: '{{policy}} {{reason}}',
        }),
      ],
    },
    {
      title: 'Operators',
      panels: [
        series('Commands', 'eps', 'Approvals, rejections, reverts and extensions, by what became of them.', {
          expr: rate('tocsin_responder_commands_total', ['type', 'outcome']),
          legend: '{{type}} {{outcome}}',
        }),
      ],
    },
  ],
};

const delivery: Dashboard = {
  name: 'delivery',
  title: 'Delivery',
  description: 'Does each receiver get what its subscription wants, and how fast? For who owns a receiver.',
  consolePath: '/',
  rows: [
    {
      title: 'Behind',
      panels: [
        {
          ...series('Seconds behind', 's', 'Age of the oldest event that the subscription has not ended with. See the runbook subscription-behind.', {
            expr: `max by (subscription) (${select('tocsin_notifier_lag_seconds')})`,
            legend: '{{subscription}}',
          }),
          thresholds: { warn: 60, bad: 600 },
        },
        series('Events behind', 'short', 'Events on the log that the subscription has not ended with.', {
          expr: `sum by (subscription) (${select('tocsin_notifier_lag_events')})`,
          legend: '{{subscription}}',
        }),
        {
          ...series(
            'Not served',
            'short',
            '1 while a subscription is not served; its events wait on the log. See the runbook subscription-disabled.',
            { expr: `max by (subscription) (${select('tocsin_notifier_subscription_disabled')})`, legend: '{{subscription}}' },
          ),
          thresholds: { bad: 1 },
        },
      ],
    },
    {
      title: 'Deliveries',
      panels: [
        series(
          'Ended',
          'eps',
          'Events that ended with a subscription, by result. dead: the receiver refused them for good, see the runbook dead-letters.',
          { expr: rate('tocsin_notifier_deliveries_total', ['subscription', 'result']), legend: '{{subscription}} {{result}}' },
        ),
        series('Failed attempts', 'eps', 'Attempts that failed, by reason. They are repeated; a line that stays is a receiver in trouble.', {
          expr: rate('tocsin_notifier_failed_attempts_total', ['subscription', 'reason']),
          legend: '{{subscription}} {{reason}}',
        }),
        series(
          'From log to receiver',
          's',
          'Time from the log taking an event to its delivery.',
          { expr: quantile(0.5, 'tocsin_notifier_latency_seconds', ['channel']), legend: `{{channel}} ${median}` },
          { expr: quantile(0.99, 'tocsin_notifier_latency_seconds', ['channel']), legend: `{{channel}} ${slowest}` },
        ),
        series('One attempt', 's', 'How long receivers take to answer, 99 of 100.', {
          expr: quantile(0.99, 'tocsin_notifier_send_seconds', ['channel']),
          legend: '{{channel}}',
        }),
      ],
    },
    {
      title: 'Digests and drills',
      panels: [
        series('Digests', 'eps', 'Digests made, by reason. storm: more events than the subscription tells one by one.', {
          expr: rate('tocsin_notifier_digests_total', ['subscription', 'reason']),
          legend: '{{subscription}} {{reason}}',
        }),
        series('Drills', 'short', 'Drills that ended in the time shown, by outcome. dead: see the runbook drill-failed.', {
          expr: increase('tocsin_drill_outcomes_total', ['subscription', 'outcome']),
          legend: '{{subscription}} {{outcome}}',
        }),
        series('Since the last good drill', 's', 'Time since a drill of the subscription was last delivered.', {
          expr: `time() - max by (subscription) (${select('tocsin_drill_last_success_timestamp_seconds')} > 0)`,
          legend: '{{subscription}}',
        }),
        series('Ledger', 'eps', 'Lines of the ledger of deliveries. dropped: the database was away for too long.', {
          expr: rate('tocsin_notifier_ledger_lines_total', ['result']),
          legend: '{{result}}',
        }),
      ],
    },
  ],
};

const pipeline: Dashboard = {
  name: 'pipeline',
  title: 'Pipeline',
  description: 'How fast each stage is, and where it loses time. For who runs and sizes Tocsin.',
  consolePath: '/',
  rows: [
    {
      title: 'Ingest',
      panels: [
        series('Requests', 'eps', 'HTTP requests by source and status. 429 and 503 ask the sensor to come again: nothing is lost.', {
          expr: rate('tocsin_ingest_requests_total', ['source', 'code']),
          legend: '{{source}} {{code}}',
        }),
        series(
          'Violations',
          'eps',
          'Violations appended to the log, and those that had been accepted before.',
          { expr: rate('tocsin_ingest_violations_total', ['source']), legend: '{{source}}' },
          { expr: rate('tocsin_ingest_duplicates_total', ['source']), legend: '{{source}} duplicate' },
        ),
        series('Rejected', 'eps', 'Items that could not become violations; their bytes are in the dead letters. See the runbook events-rejected.', {
          expr: rate('tocsin_ingest_rejected_total', ['source', 'reason']),
          legend: '{{source}} {{reason}}',
        }),
        series(
          'Until durable',
          's',
          'Time until what one request brought was durable.',
          { expr: quantile(0.5, 'tocsin_ingest_append_seconds'), legend: median },
          { expr: quantile(0.99, 'tocsin_ingest_append_seconds'), legend: slowest },
        ),
      ],
    },
    {
      title: 'Syslog',
      panels: [
        series(
          'Messages',
          'eps',
          'Syslog messages received, and lost because the buffer was full. See the runbook syslog-dropped.',
          { expr: rate('tocsin_ingest_syslog_messages_total', ['protocol']), legend: '{{protocol}}' },
          { expr: rate('tocsin_ingest_syslog_dropped_total', ['protocol']), legend: '{{protocol}} dropped' },
        ),
        series(
          'Waiting',
          'bytes',
          'Bytes of bodies being worked on, and of syslog messages that wait to be appended.',
          { expr: `sum(${select('tocsin_ingest_in_flight_bytes')})`, legend: 'in flight' },
          { expr: `sum(${select('tocsin_ingest_syslog_queue_bytes')})`, legend: 'syslog' },
        ),
        series('Connections', 'short', 'Open syslog connections.', {
          expr: `sum(${select('tocsin_ingest_syslog_connections')})`,
          legend: 'connections',
        }),
      ],
    },
    {
      title: 'Correlator and projector',
      panels: [
        series(
          'Correlator records',
          'eps',
          'Records processed, by topic, and those dropped because their id had come before.',
          { expr: rate('tocsin_correlator_records_total', ['topic']), legend: '{{topic}}' },
          { expr: rate('tocsin_correlator_duplicates_total', []), legend: 'duplicates' },
        ),
        series('Correlator batches', 's', 'Time from a batch to its state being durable, 99 of 100.', {
          expr: quantile(0.99, 'tocsin_correlator_batch_seconds', ['topic']),
          legend: '{{topic}}',
        }),
        series('Projector', 'eps', 'Violations and dead letters written to the store.', {
          expr: rate('tocsin_projector_stored_total', ['topic']),
          legend: '{{topic}}',
        }),
        series('Projector batches', 's', 'Time to write a batch to the store, 99 of 100.', {
          expr: quantile(0.99, 'tocsin_projector_batch_seconds', ['topic']),
          legend: '{{topic}}',
        }),
      ],
    },
  ],
};

export const dashboards: readonly Dashboard[] = [overview, incidents, response, delivery, pipeline];
