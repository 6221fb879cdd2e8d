import type { ColumnType, Generated } from 'kysely';

/**
 * Tables as both databases have them. Times are RFC 3339 UTC text with milliseconds, which sorts as it reads; JSON is
 * text; bytes are bytea or blob. Columns beside a `document` exist to filter by and may be cut; the document is whole.
 */
export interface Database {
  /** Where each consumer group goes on, written with its state. */
  consumer_positions: { group_name: string; topic: string; partition: number; next_offset: number };
  /** What the correlator remembers of each group of each rule. The key may be cut, `group_text` is the group as JSON text. */
  rule_states: {
    topic: string;
    partition: number;
    rule: string;
    rule_version: string;
    group_key: string;
    group_text: string;
    state: string;
    wake_at: number;
  };
  incidents: {
    id: string;
    version: number;
    status: string;
    rule: string;
    severity_id: number;
    cluster: string;
    first_seen: string;
    last_seen: string;
    document: string;
    /** The partition, as `topic/number`, whose owner tells of its changes. */
    home: string;
    /** When its owner must look at it again. */
    due_at: string | null;
    /** 0 or 1. */
    muted: number;
    assignee: string | null;
    /** null while it is not resolved. */
    resolved_at: string | null;
  };
  /** The namespaces that an incident is about: one, or several when its rule groups by something else. */
  incident_namespaces: { incident_id: string; namespace: string };
  /** Which violations an incident holds. */
  incident_violations: {
    incident_id: string;
    violation_id: string;
    time: string;
    /** The rule that the violation matched, which may be one that the incident's rule is chained to. */
    rule: string;
    /** Version of the incident's rule. */
    rule_version: string;
    /** 0 or 1. */
    late: number;
  };
  /** What became of incidents, only ever added to. */
  incident_history: {
    incident_id: string;
    version: number;
    time: string;
    change: string;
    actor: string | null;
    comment: string | null;
    from_status: string | null;
    to_status: string;
    severity_id: number;
    count: number;
  };
  /** Documents as the services have them in force, without any secret. */
  policies: {
    kind: string;
    name: string;
    /** `enabled` or `disabled`. */
    mode: string;
    file: string;
    line: number;
    hash: string;
    /** JSON text. */
    document: string;
    loaded_at: string;
  };
  /** What rules came to, one row for each partition; written with the offset up to which it is counted. */
  rule_hits: {
    rule: string;
    home: string;
    matches: number;
    signals: number;
    incidents: number;
    evicted: number;
    last_match_at: string | null;
    since: string;
  };
  silences: { id: string; filter: string; starts_at: string; ends_at: string; author: string; comment: string; created_at: string };
  /** What operators said about incidents and actions, and what came of it. The column `incident_id` holds the id of either. */
  incident_commands: { id: string; incident_id: string; target: Generated<string>; time: string; outcome: string; message: string };
  actions: {
    id: string;
    version: number;
    state: string;
    policy: string;
    type: string;
    cluster: string;
    namespace: string | null;
    /** uid of the workload, of the pod; name of the node. */
    workload: string | null;
    pod: string | null;
    node: string | null;
    /** Id of the incident or violation that is answered. */
    subject_id: string;
    target_key: string;
    severity_id: number;
    /** 0 or 1: counts as standing. */
    holds: number;
    /** 0 or 1: takes something away from its target. */
    disrupts: number;
    started_at: string | null;
    created_at: string;
    updated_at: string;
    document: string;
    /** What the responder alone needs, as JSON text. */
    work: string;
    /** When the responder must look at it again; null: never. */
    due_at: string | null;
    claimed_by: string | null;
    claimed_until: string | null;
  };
  evidence: {
    id: string;
    action_id: string;
    incident_id: string | null;
    collected_at: string;
    retain_until: string;
    /** 0 or 1. */
    held: number;
    deleted_at: string | null;
    document: string;
  };
  response_control: { name: string; stopped: number; actor: string; reason: string; time: string };
  audit: {
    seq: number;
    time: string;
    actor: string;
    event: string;
    /** Id of the action, or what else it is about. */
    subject: string;
    /** Canonical JSON text. */
    detail: string;
    previous_hash: string;
    hash: string;
  };
  /** Records to be appended to the log once the transaction that made them is durable. The key is JSON text. */
  outbox: { id: Generated<number>; owner: string; topic: string; record_key: string | null; value: Buffer; headers: string };
  /** How far subscriptions have gathered partitions for digests. */
  notifier_gathered: { subscription: string; partition: number; next_offset: number; state: string };
  /** What is gathered and not told yet, by group. */
  notifier_groups: {
    subscription: string;
    group_key: string;
    partition: number;
    group_text: string;
    state: string;
    due_at: string | null;
    touched_at: string;
  };
  /** What incidents are in ticket systems. */
  cases: {
    subscription: string;
    subject: string;
    state: string;
    reference: string | null;
    name: string | null;
    url: string | null;
    reason: string;
    version: number;
    /** JSON text. */
    written: string;
    attempted_at: string | null;
    claimed_by: string | null;
    claimed_until: string | null;
    created_at: string;
    updated_at: string;
  };
  /** What channels remember of their subscriptions. */
  channel_memory: { subscription: string; name: string; value: string };
  /** The ledger: what became of each event at each subscription that wanted it. */
  deliveries: {
    id: string;
    subscription: string;
    event_id: string;
    state: string;
    attempts: number;
    topic: string;
    partition: number;
    log_offset: number;
    logged_at: string;
    first_at: string;
    last_at: string;
    reason: string;
    message: string;
  };
  /** Dead letters that were put back where they came from. */
  redrives: { dead_letter_id: string; time: string; actor: string };
  subscription_states: {
    subscription: string;
    channel: string;
    events: string;
    state: string;
    since: string;
    actor: string;
    reason: string;
    failing_since: string | null;
    last_success: string | null;
    last_error_at: string | null;
    last_error_reason: string;
    last_error: string;
    paused_until: string | null;
    probe_at: string | null;
    seen_at: string;
  };
  /** Tokens of the API, by their hashes. */
  api_tokens: {
    id: string;
    hash: string;
    name: string;
    role: string;
    person: string | null;
    /** JSON text. */
    operations: string | null;
    created_at: string;
    created_by: string;
    expires_at: string;
    used_at: ColumnType<string | null, undefined, string>;
    revoked_at: ColumnType<string | null, undefined, string>;
    revoked_by: ColumnType<string | null, undefined, string>;
  };
  /** Browsers that are logged in, by the hashes of their cookies. */
  api_sessions: { hash: string; credential: string; principal: string; created_at: string; seen_at: string; expires_at: string };
  /** One row for each replica. */
  subscription_lags: { subscription: string; member: string; events: number; oldest_at: string | null; seen_at: string };
  violations: {
    id: string;
    time: string;
    source: string;
    kind: string;
    name: string;
    severity_id: number;
    cluster: string;
    namespace: string | null;
    workload: string | null;
    document: string;
  };
  dead_letters: {
    /** `<partition>-<offset>` on the dead-letter topic. */
    id: string;
    time: string;
    stage: string;
    reason: string;
    component: string;
    message: string;
    /** JSON text. */
    record_key: string | null;
    value: Buffer;
    headers: string;
  };
}
