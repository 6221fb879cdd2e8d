// Written by scripts/console-types.ts from the OpenAPI document; edits are lost.
/* oxlint-disable max-lines */

export type Action = {
  schema: 1;
  id: string;
  /** Grows with every change. */
  version: number;
  state: "planned" | "awaiting_approval" | "approved" | "running" | "active" | "reverting" | "reverted" | "succeeded" | "failed" | "rejected" | "expired" | "refused";
  policy: string;
  step: string;
  /** What is done: `quarantine`, `capture`, … */
  type: string;
  target: {
    type: "workload" | "pod" | "container" | "node" | "user" | "image" | "address" | "incident" | "violation";
    name: string;
  };
  cluster: string;
  incident?: string;
  violation?: string;
  /** OCSF severity: 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal. */
  severity_id: 1 | 2 | 3 | 4 | 5 | 6;
  mode: "observe" | "propose" | "auto";
  /** How it came into this state. */
  reason: string;
  /** RFC 3339 UTC with milliseconds. */
  time: string;
  /** RFC 3339 UTC with milliseconds. */
  created_at: string;
  plan?: {
    /** What will be done to what. */
    summary: string;
    scope: {
      cluster: string;
      namespace?: string;
      node?: string;
      pod?: {
        name: string;
        uid: string;
      };
      workload?: {
        kind: string;
        name: string;
        uid: string;
        replicas: number;
      };
    };
    changes: readonly (string)[];
    /** What to know before it is approved, such as traffic that still passes. */
    warnings: readonly (string)[];
    /** The action's own form. */
    details: Record<string, unknown>;
  };
  /** What an approval is bound to. */
  plan_hash?: string;
  approvals?: {
    required: number;
    /** Who may; empty: whoever may approve at all. */
    from: readonly (string)[];
    given: readonly ({
      actor: string;
      /** RFC 3339 UTC with milliseconds. */
      time: string;
      comment?: string;
    })[];
    /** What is not approved and begun by then is denied. */
    expires_at: string;
    why: string;
  };
  refused_by?: "protected_namespace" | "protected_label" | "host_network" | "static_pod" | "last_ready_replica" | "target_gone" | "target_replaced" | "target_unreadable" | "unknown_cluster" | "missing_permission" | "unsupported" | "already_held" | "budget" | "stale" | "incident_muted" | "incident_resolved" | "policy_withdrawn" | "step_failed";
  /** RFC 3339 UTC with milliseconds. */
  started_at?: string;
  /** When it is undone by itself. */
  expires_at?: string;
  verification?: {
    ok: boolean;
    message: string;
    /** RFC 3339 UTC with milliseconds. */
    time: string;
    contained?: "full" | "partial" | "none";
  };
  evidence?: readonly (string)[];
  actor?: string;
  comment?: string;
};

export type ActionPage = {
  /** Newest first. */
  items: readonly (Action)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type ApiToken = {
  id: string;
  name: string;
  role: "viewer" | "operator" | "approver" | "admin";
  /** Whose it is; absent: of a service, which may not approve. */
  person?: string;
  /** The only operations that it may do; absent: all that its role may. */
  operations?: readonly (string)[];
  /** RFC 3339 UTC with milliseconds. */
  created_at: string;
  created_by: string;
  /** RFC 3339 UTC with milliseconds. */
  expires_at: string;
  /** When it was shown last, to the minute. */
  used_at?: string;
  /** RFC 3339 UTC with milliseconds. */
  revoked_at?: string;
  revoked_by?: string;
};

export type ApiTokenPage = {
  /** Newest first. */
  items: readonly (ApiToken)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type Artefact = {
  schema: 1;
  id: string;
  action: string;
  incident?: string;
  name: string;
  media_type: string;
  bytes: number;
  sha256: string;
  /** As the source computed it, before it was moved. */
  source_sha256?: string;
  intact: boolean;
  /** The source had more than it may collect. */
  truncated: boolean;
  source: Record<string, unknown>;
  /** RFC 3339 UTC with milliseconds. */
  collected_at: string;
  /** RFC 3339 UTC with milliseconds. */
  retain_until: string;
  legal_hold?: {
    actor: string;
    reason: string;
    /** RFC 3339 UTC with milliseconds. */
    time: string;
  };
  /** RFC 3339 UTC with milliseconds. */
  deleted_at?: string;
};

export type ArtefactList = {
  items: readonly (Artefact)[];
};

export type AuditList = {
  /** Oldest first; `after` of the next request is the last `seq`. */
  items: readonly (AuditRecord)[];
};

export type AuditRecord = {
  seq: number;
  /** RFC 3339 UTC with milliseconds. */
  time: string;
  actor: string;
  event: string;
  subject: string;
  detail: Record<string, unknown>;
  previous_hash: string;
  /** SHA-256 over all of the above; each record holds that of the one before. */
  hash: string;
};

export type AuditVerdict = {
  ok: boolean;
  records?: number;
  /** Keep it elsewhere: a chain that was cut at its end looks whole. */
  last_hash?: string;
  /** Of the first record that is wrong. */
  seq?: number;
  why?: string;
};

export type Case = {
  /** By which it is kept. */
  subscription: string;
  /** `unknown`: it was asked for, and a search decides whether it is there. `orphaned`: it is gone, or is not written to any more. */
  state: "creating" | "unknown" | "open" | "closed" | "orphaned";
  /** What people call it, such as SEC-7; absent while there is none. */
  name?: string;
  url?: string;
  /** Why it is orphaned. */
  reason?: string;
  updated_at: string;
};

export type CasePage = {
  /** Newest first. */
  items: readonly (ListedCase)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type Command = {
  id: string;
  incident?: string;
  action?: string;
  /** Commands are carried out in the order in which they were said. */
  state: "pending" | "applied" | "refused";
  /** Why it was refused. */
  reason?: string;
};

export type DeadLetter = {
  /** Partition and offset on the dead-letter topic. */
  id: string;
  /** When it was given up. */
  time: string;
  /** Where it failed: decode, correlate, project, deliver, respond; unknown when the record does not say. */
  stage: string;
  reason: string;
  message: string;
  /** Which source, rule or subscription it was about. */
  component: string;
  attempts: number;
  first_time: string;
  last_time: string;
  /** Absent when the bytes never were on the log. */
  origin?: {
    topic: string;
    partition: number;
    offset: number;
  };
  key: string | null;
  /** Size of the payload. */
  bytes: number;
  headers: Record<string, string>;
  payload: {
    /** The bytes as they came. */
    base64: string;
    /** The bytes as text, when they are UTF-8. */
    text?: string;
  };
};

export type DeadLetterPage = {
  /** Newest first. */
  items: readonly (DeadLetterSummary)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type DeadLetterSummary = {
  /** Partition and offset on the dead-letter topic. */
  id: string;
  /** When it was given up. */
  time: string;
  /** Where it failed: decode, correlate, project, deliver, respond; unknown when the record does not say. */
  stage: string;
  reason: string;
  message: string;
  /** Which source, rule or subscription it was about. */
  component: string;
  attempts: number;
  first_time: string;
  last_time: string;
  /** Absent when the bytes never were on the log. */
  origin?: {
    topic: string;
    partition: number;
    offset: number;
  };
  key: string | null;
  /** Size of the payload. */
  bytes: number;
};

export type Delivery = {
  /** The id that the receiver sees. */
  id: string;
  subscription: string;
  /** Id of the event on the log; of incidents and actions with the version. */
  event: string;
  /** `pending`: failed, and will be tried again; `dead`: with the dead letters. */
  state: "pending" | "delivered" | "dead";
  attempts: number;
  /** When the log took the event. */
  logged_at: string;
  /** RFC 3339 UTC with milliseconds. */
  first_attempt: string;
  /** RFC 3339 UTC with milliseconds. */
  last_attempt: string;
  last_failure?: {
    reason: string;
    message: string;
  };
  origin: {
    topic: string;
    partition: number;
    offset: number;
  };
};

export type DeliveryPage = {
  /** Newest first. */
  items: readonly (Delivery)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type Drill = {
  subscription: string;
  event: string;
  /** Where it stands is at `/v1/deliveries/<delivery>`. */
  delivery: string;
  /** RFC 3339 UTC with milliseconds. */
  sent_at: string;
};

export type Evidence = {
  /** The violation's id. */
  id: string;
  /** RFC 3339 UTC with milliseconds. */
  time: string;
  /** The rule that the violation matched, which may be one that the rule of the incident is chained to. */
  rule: string;
  /** Version of the rule of the incident when it joined. */
  rule_version: string;
  late: boolean;
  /** Absent while the violation is not stored yet, or no longer kept. */
  violation?: Violation;
};

export type EvidencePage = {
  /** Newest first. */
  items: readonly (Evidence)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type HistoryEntry = {
  version: number;
  /** RFC 3339 UTC with milliseconds. */
  time: string;
  change: "opened" | "updated" | "escalated" | "de_escalated" | "acknowledged" | "assigned" | "noted" | "resolved" | "reopened" | "merged" | "muted" | "unmuted" | "contained" | "released";
  /** null when the correlator did it. */
  actor: string | null;
  comment: string | null;
  /** null when it was opened. */
  from_status: "open" | "acknowledged" | "contained" | "resolved" | null;
  to_status: "open" | "acknowledged" | "contained" | "resolved";
  /** OCSF severity: 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal. */
  severity_id: 1 | 2 | 3 | 4 | 5 | 6;
  count: number;
};

export type HistoryPage = {
  /** Newest first. */
  items: readonly (HistoryEntry)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type Incident = {
  schema: 1;
  id: string;
  /** Grows with every change. */
  version: number;
  /** What changed since the version before. */
  change: "opened" | "updated" | "escalated" | "de_escalated" | "acknowledged" | "assigned" | "noted" | "resolved" | "reopened" | "merged" | "muted" | "unmuted" | "contained" | "released";
  status: "open" | "acknowledged" | "contained" | "resolved";
  rule: {
    name: string;
    version: string;
    title: string;
  };
  title: string;
  /** Why this incident exists, in one sentence. */
  reason: string;
  /** OCSF severity: 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal. */
  severity_id: 1 | 2 | 3 | 4 | 5 | 6;
  /** Empty when the rule groups across clusters. */
  cluster: string;
  /** The values of the rule's groupBy fields. */
  group: Record<string, string>;
  entities: readonly ({
    type: "workload" | "pod" | "container" | "node" | "user" | "image" | "address";
    name: string;
  })[];
  attacks: readonly ({
    /** MITRE ATT&CK tactic. */
    tactic?: string;
    /** MITRE ATT&CK technique, for example T1059.004. */
    technique?: string;
  })[];
  /** Number of violations in it. */
  count: number;
  /** How many of them came later than correlator.grace. */
  late: number;
  /** RFC 3339 UTC with milliseconds. */
  first_seen: string;
  /** RFC 3339 UTC with milliseconds. */
  last_seen: string;
  /** The earliest ones; the evidence trail has all. */
  violations: readonly ({
    /** The violation's id. */
    id: string;
    /** RFC 3339 UTC with milliseconds. */
    time: string;
  })[];
  assignee?: string;
  acknowledged_by?: string;
  /** Present while it is resolved. */
  resolution?: {
    reason: "true_positive" | "benign" | "false_positive" | "duplicate" | "other" | "quiet" | "merged";
    comment?: string;
    /** `tocsin` when nobody did. */
    by: string;
    /** RFC 3339 UTC with milliseconds. */
    time: string;
  };
  /** The incident that holds its violations now. */
  merged_into?: string;
  /** What the responder last said of its targets. */
  containment?: {
    order: number;
    /** Absent while none of its targets is cut off. */
    since?: string;
  };
  /** Why nobody is told of it. */
  muted?: readonly ({
    by: "silence" | "inhibition";
    /** Of the silence, or of the incident that inhibits this one. */
    id: string;
    comment: string;
  })[];
  /** RFC 3339 UTC with milliseconds. */
  updated_at: string;
  /** The last version that was told to subscriptions. */
  told?: {
    version: number;
    /** RFC 3339 UTC with milliseconds. */
    time: string;
  };
  /** Who made the last change; absent when the correlator did. */
  actor?: string;
  comment?: string;
};

export type IncidentPage = {
  /** Newest first. */
  items: readonly (Incident)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type IncidentWithEvidence = {
  incident: Incident;
  evidence: EvidencePage;
  /** What it is in ticket systems. */
  cases: readonly (Case)[];
};

export type ListedCase = {
  /** By which it is kept. */
  subscription: string;
  /** `unknown`: it was asked for, and a search decides whether it is there. `orphaned`: it is gone, or is not written to any more. */
  state: "creating" | "unknown" | "open" | "closed" | "orphaned";
  /** What people call it, such as SEC-7; absent while there is none. */
  name?: string;
  url?: string;
  /** Why it is orphaned. */
  reason?: string;
  updated_at: string;
  /** Id of the incident; or of the digest, where a storm is one case. */
  subject: string;
  created_at: string;
};

export type MadeApiToken = {
  id: string;
  name: string;
  role: "viewer" | "operator" | "approver" | "admin";
  /** Whose it is; absent: of a service, which may not approve. */
  person?: string;
  /** The only operations that it may do; absent: all that its role may. */
  operations?: readonly (string)[];
  /** RFC 3339 UTC with milliseconds. */
  created_at: string;
  created_by: string;
  /** RFC 3339 UTC with milliseconds. */
  expires_at: string;
  /** When it was shown last, to the minute. */
  used_at?: string;
  /** RFC 3339 UTC with milliseconds. */
  revoked_at?: string;
  revoked_by?: string;
  /** The token itself. It is shown here alone: only a hash of it is kept. */
  token: string;
};

export type Policy = {
  kind: "CorrelationRule" | "ResponsePolicy" | "Silence" | "Subscription";
  name: string;
  mode: "enabled" | "disabled";
  /** As the service that has it in force sees it. */
  file: string;
  line: number;
  /** SHA-256 of the document as it is told, so without addresses; that of two replicas is the same. */
  hash: string;
  /** When it came in force with this hash. */
  loaded_at: string;
  /** Of rules: violations that passed the filter, since they are counted; of response policies: actions that are kept. Others are not counted. */
  hits?: number;
  /** RFC 3339 UTC with milliseconds. */
  last_hit?: string;
};

export type PolicyDocument = {
  kind: "CorrelationRule" | "ResponsePolicy" | "Silence" | "Subscription";
  name: string;
  mode: "enabled" | "disabled";
  /** As the service that has it in force sees it. */
  file: string;
  line: number;
  /** SHA-256 of the document as it is told, so without addresses; that of two replicas is the same. */
  hash: string;
  /** When it came in force with this hash. */
  loaded_at: string;
  /** Of rules: violations that passed the filter, since they are counted; of response policies: actions that are kept. Others are not counted. */
  hits?: number;
  /** RFC 3339 UTC with milliseconds. */
  last_hit?: string;
  /** What it says, with its defaults. Secrets are references; of addresses the host alone is told, of headers their names. */
  document: Record<string, unknown>;
};

export type PolicyList = {
  /** By their kinds and names. */
  items: readonly (Policy)[];
};

export type Problem = {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** Each parameter that is wrong. */
  errors?: readonly ({
    parameter: string;
    detail: string;
  })[];
};

export type ResponseControl = {
  /** While true, no action is begun. What stands is undone on time all the same. */
  stopped: boolean;
  actor: string;
  reason: string;
  /** RFC 3339 UTC with milliseconds. */
  time: string;
};

export type Road = {
  violation: Violation;
  /** The whole road in sentences, for people. */
  told: readonly (string)[];
  incidents: readonly ({
    incident: Incident;
    /** The rule that the violation matched. */
    rule: string;
    /** Version of the incident's rule when it did. */
    rule_version: string;
    /** It came later than the correlator waits for. */
    late: boolean;
  })[];
  /** Of the rule that was asked about, as it is in force now. */
  rule?: {
    rule: string;
    enabled: boolean;
    /** Its own condition, or those of the rules that it is chained to. */
    conditions: readonly ({
      rule: string;
      enabled: boolean;
      matches: boolean;
      /** The terms that decide. */
      reasons: readonly ({
        /** The term, as the rule has it. */
        text: string;
        holds: boolean;
        /** It stands below a `!`: that it holds keeps the condition from passing. */
        negated: boolean;
        found: readonly ({
          field: string;
          /** As JSON; `absent` where the violation has nothing. */
          value: string;
        })[];
        /** It compares what cannot be compared, such as text with a number. */
        mistyped: boolean;
      })[];
    })[];
  };
  /** Planned for these incidents or for the violation, also those that were refused. */
  actions: readonly (Action)[];
  /** Of the violation, of its incidents and of their actions; those attempted last come first. */
  deliveries: readonly (Delivery)[];
};

export type Rule = {
  name: string;
  /** `gone`: there is no such document any more; what it came to is kept. */
  mode: "enabled" | "disabled" | "gone";
  /** Violations that passed its filter; 0 of a rule that is chained to others and has none. */
  matches: number;
  /** Matches, and members of other rules, that were counted on another partition than where they came. */
  signals: number;
  /** Incidents that it opened. */
  incidents: number;
  /** Groups or matches given up for want of room. */
  evicted: number;
  /** RFC 3339 UTC with milliseconds. */
  last_match?: string;
  /** Absent when it never came to anything. */
  counted_since?: string;
};

export type RuleList = {
  /** By their names. */
  items: readonly (Rule)[];
};

export type SentAgain = {
  subscription: string;
  /** How many are on the log again, for this subscription alone. */
  events: number;
  /** False when there were more than one request takes: say it again, for the rest. */
  complete: boolean;
};

export type Session = {
  /** Who asks; absent when nobody is logged in. */
  actor?: string;
  role?: "viewer" | "operator" | "approver" | "admin";
  /** How it is known who asks. */
  kind?: "local" | "bootstrap" | "token" | "session" | "oidc";
  /** Whether it is a person, who may approve. */
  person?: boolean;
  teams?: readonly (string)[];
  /** How browsers may log in. */
  login: {
    token: boolean;
    oidc: boolean;
  };
};

export type Silence = {
  id: string;
  /** CEL over `incident`. */
  filter: string;
  /** RFC 3339 UTC with milliseconds. */
  starts_at: string;
  /** RFC 3339 UTC with milliseconds. */
  ends_at: string;
  author: string;
  comment: string;
  /** RFC 3339 UTC with milliseconds. */
  created_at: string;
};

export type SilencePage = {
  /** Newest first. */
  items: readonly (Silence)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};

export type Subscription = {
  name: string;
  channel: string;
  events: string;
  /** `disabled`: it failed for too long, and is tried now and then; `stopped`: by an operator. */
  state: "active" | "disabled" | "stopped";
  /** Since when it is in this state. */
  since: string;
  actor: string;
  reason: string;
  /** Whether a notifier has it: false where its document is gone, or no notifier runs. */
  served: boolean;
  lag: {
    /** On the log and not ended with; 0 when it has caught up. */
    events: number;
    /** Age of the oldest of them. */
    seconds: number;
  };
  /** Refused by the receiver and not redriven. */
  dead_letters: number;
  /** RFC 3339 UTC with milliseconds. */
  failing_since?: string;
  /** RFC 3339 UTC with milliseconds. */
  last_success?: string;
  last_error?: {
    /** RFC 3339 UTC with milliseconds. */
    time: string;
    reason: string;
    /** Without secrets. */
    message: string;
  };
  /** The next attempt after a failure. */
  paused_until?: string;
  /** While it is disabled: when it is tried. */
  probe_at?: string;
};

export type SubscriptionList = {
  /** By their names. */
  items: readonly (Subscription)[];
};

export type Violation = {
  schema: 1;
  id: string;
  /** Type of the source that reported it, for example falco. */
  source: string;
  kind: "process" | "file" | "network" | "threat" | "audit" | "vulnerability" | "compliance" | "admission" | "generic";
  /** The sensor's rule or event name. */
  name: string;
  message: string;
  /** OCSF severity: 1 Informational, 2 Low, 3 Medium, 4 High, 5 Critical, 6 Fatal. */
  severity_id: 1 | 2 | 3 | 4 | 5 | 6;
  /** When it happened by the sensor's clock. */
  time: string;
  /** When Tocsin accepted it. */
  received_time: string;
  /** Set when the sensor's clock was so far off that the time was replaced. */
  clock_skew_ms?: number;
  cluster: string;
  workload: {
    namespace?: string;
    name?: string;
  };
  pod?: {
    name?: string;
    uid?: string;
  };
  container?: {
    id?: string;
    name?: string;
  };
  image?: {
    name?: string;
    tag?: string;
    digest?: string;
  };
  node?: {
    name?: string;
  };
  user?: {
    name?: string;
    uid?: number;
  };
  process?: {
    name?: string;
    path?: string;
    cmd_line?: string;
    pid?: number;
    parent?: {
      name?: string;
      cmd_line?: string;
      pid?: number;
    };
  };
  file?: {
    path?: string;
  };
  src_endpoint?: {
    ip?: string;
    port?: number;
    hostname?: string;
    workload?: string;
    namespace?: string;
  };
  dst_endpoint?: {
    ip?: string;
    port?: number;
    hostname?: string;
    workload?: string;
    namespace?: string;
  };
  protocol?: string;
  /** What the sensor did about it. */
  disposition: "Detected" | "Blocked" | "Allowed" | "Reset";
  attacks: readonly ({
    /** MITRE ATT&CK tactic. */
    tactic?: string;
    /** MITRE ATT&CK technique, for example T1059.004. */
    technique?: string;
  })[];
  tags: readonly (string)[];
  labels?: Record<string, string>;
  /** How often the sensor itself counted it. */
  count: number;
  /** The sensor's own event as it arrived. */
  raw: string;
  raw_truncated?: boolean;
};

export type ViolationPage = {
  /** Newest first. */
  items: readonly (Violation)[];
  /** Give it as `cursor` to get the next page; absent on the last one. */
  next_cursor?: string;
};
