import { useEffect, useMemo } from 'react';
import { download } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type {
  Action,
  ActionPage,
  Artefact,
  ArtefactList,
  Case,
  DeliveryPage,
  Evidence,
  HistoryPage,
  Incident,
  IncidentWithEvidence,
  Violation,
} from '../api/types.js';
import { ActionCard } from '../action/card.js';
import { IncidentCommands } from '../incident/commands.js';
import { EntityGraph } from '../incident/graph-view.js';
import { timeline } from '../incident/timeline.js';
import { Timeline } from '../incident/timeline-view.js';
import { Deliveries, Tickets } from '../incident/told.js';
import { useDenied } from '../session.js';
import { Ago, Empty, Link, Severity, Status, Trouble, Waiting, fullTime } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { Icon } from '../ui/icon.js';
import { useTeller } from '../ui/toast.js';
import { bytes, count, plain } from '../words.js';

const TRAIL = 200;
const TOLD = 20;

export function IncidentPage({ id }: { id: string }) {
  const path = `/v1/incidents/${encodeURIComponent(id)}`;
  const { data, error, reload } = useResource<IncidentWithEvidence>(`${path}?limit=${TRAIL}`, 'incident');
  const history = useResource<HistoryPage>(`${path}/history?limit=100`, 'incident');
  const actions = useResource<ActionPage>(`/v1/actions?incident=${encodeURIComponent(id)}&limit=100`, 'action');
  const artefacts = useResource<ArtefactList>(`/v1/evidence?incident=${encodeURIComponent(id)}`, 'action');
  const deliveries = useResource<DeliveryPage>(`/v1/deliveries?about=${encodeURIComponent(id)}&limit=${TOLD}`, 'incident', 'tick');
  useEffect(() => {
    if (data !== undefined) document.title = `${data.incident.title} · Tocsin`;
  }, [data]);
  const evidence = data?.evidence.items ?? NONE;
  const cases = data?.cases ?? NO_CASES;
  const entries = useMemo(
    () =>
      timeline({
        evidence,
        history: history.data?.items ?? [],
        actions: actions.data?.items ?? [],
        artefacts: artefacts.data?.items ?? [],
        deliveries: deliveries.data?.items ?? [],
        cases,
      }),
    [evidence, history.data, actions.data, artefacts.data, deliveries.data, cases],
  );
  const violations = useMemo(() => evidence.flatMap(({ violation }) => violation ?? []), [evidence]);
  if (data === undefined) {
    if (error?.status === 404)
      return (
        <Empty icon="search" title="There is no such incident">
          {error.message}
        </Empty>
      );
    return (
      <div className="incident">
        <Trouble error={error} />
        {error === undefined && <Waiting rows={10} />}
      </div>
    );
  }
  const { incident } = data;
  const reloadAll = async (): Promise<void> => {
    await Promise.all([reload(), history.reload()]);
  };
  return (
    <article className="incident">
      <Link to="/" className="back">
        <Icon name="back" /> Incidents
      </Link>
      <Trouble error={error} stale />
      <header className="incident-head">
        <div className="incident-marks">
          <Severity id={incident.severity_id} />
          <Status status={incident.status} />
          {incident.muted?.map(({ by, id: of, comment }) => (
            <span key={of} className="pill tone-neutral" title={comment}>
              Muted by {by === 'silence' ? 'a silence' : 'another incident'}
            </span>
          ))}
        </div>
        <h1 tabIndex={-1}>{incident.title}</h1>
        <p className="incident-why">{incident.reason}</p>
        <IncidentCommands incident={incident} reload={reloadAll} />
      </header>
      <div className="incident-columns">
        <div className="incident-main">
          <ActionsOf actions={actions.data?.items ?? []} reload={actions.reload} />
          <section className="card">
            <h2>What is involved</h2>
            <EntityGraph incident={incident} violations={violations} />
          </section>
          <section className="card">
            <h2>Timeline</h2>
            <Timeline entries={entries} />
            {data.evidence.next_cursor !== undefined && (
              <p className="note">
                The newest {TRAIL} violations are shown, of {incident.count}.
              </p>
            )}
          </section>
          <Deliveries deliveries={deliveries.data?.items ?? []} more={deliveries.data?.next_cursor !== undefined} reload={deliveries.reload} />
          <RawEvents evidence={evidence} />
        </div>
        <aside className="incident-side" aria-label="About this incident">
          <Facts incident={incident} />
          <Tickets cases={cases} />
          <Attack incident={incident} violations={violations} />
          <EvidenceFiles artefacts={artefacts.data?.items ?? []} />
        </aside>
      </div>
    </article>
  );
}

const NONE: readonly Evidence[] = [];
const NO_CASES: readonly Case[] = [];

function ActionsOf({ actions, reload }: { actions: readonly Action[]; reload: () => Promise<void> }) {
  if (actions.length === 0) return null;
  return (
    <section className="card">
      <h2>Response</h2>
      <ul className="action-list">
        {actions.map((action) => (
          <li key={action.id}>
            <ActionCard action={action} reload={reload} compact />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Facts({ incident }: { incident: Incident }) {
  const { count: events, first_seen, last_seen, rule, cluster, assignee, acknowledged_by, resolution, group, late, id, merged_into } = incident;
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    ['Events', `${events.toLocaleString('en')}${late > 0 ? `, ${late} of them late` : ''}`],
    ['First seen', <Ago key="f" time={first_seen} />],
    ['Last seen', <Ago key="l" time={last_seen} />],
    ['Assigned to', assignee ?? '—'],
    ['Acknowledged by', acknowledged_by ?? '—'],
    ...(resolution === undefined ? [] : [['Resolved', `${plain(resolution.reason)}, by ${resolution.by}`] as const]),
    ...(merged_into === undefined
      ? []
      : [
          [
            'Merged into',
            <Link key="m" to={`/incidents/${merged_into}`}>
              the other incident
            </Link>,
          ] as const,
        ]),
    ['Cluster', cluster === '' ? 'several' : cluster],
    ['Rule', <code key="r">{rule.name}</code>],
    ...Object.entries(group)
      .filter(([field]) => field !== 'cluster')
      .map(([field, value]) => [field.replace(/^violation\./, ''), <code key={field}>{value}</code>] as const),
    ['Id', <code key="i">{id}</code>],
  ];
  return (
    <section className="card">
      <h2>Facts</h2>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Attack({ incident, violations }: { incident: Incident; violations: readonly Violation[] }) {
  const attacks = [...incident.attacks, ...violations.flatMap((violation) => violation.attacks)];
  const seen = Map.groupBy(
    attacks.filter(({ tactic, technique }) => tactic !== undefined || technique !== undefined),
    ({ tactic }) => tactic ?? 'Technique',
  );
  if (seen.size === 0) return null;
  return (
    <section className="card">
      <h2>ATT&amp;CK</h2>
      <ul className="attacks">
        {[...seen].map(([tactic, of]) => (
          <li key={tactic}>
            <span>{plain(tactic)}</span>
            {[...new Set(of.flatMap(({ technique }) => technique ?? []))].map((technique) => (
              <code key={technique}>{technique}</code>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function EvidenceFiles({ artefacts }: { artefacts: readonly Artefact[] }) {
  const teller = useTeller();
  const denied = useDenied('operator');
  return (
    <section className="card">
      <h2>Evidence</h2>
      {artefacts.length === 0 && <p className="note">Nothing was collected.</p>}
      <ul className="files">
        {artefacts.map(({ id, name, bytes: size, sha256, intact, deleted_at, legal_hold }) => (
          <li key={id}>
            {deleted_at === undefined ? (
              <Button
                denied={denied}
                look="quiet"
                title={`SHA-256 ${sha256}`}
                onClick={() =>
                  teller
                    .run(() => download(`/v1/evidence/${id}/content`, name), `${name} is saved; it is on record that you took it.`)
                    .then(() => undefined)
                }
              >
                <Icon name="download" /> {name}
              </Button>
            ) : (
              <span title={`Deleted on ${fullTime(deleted_at)}`}>{name}</span>
            )}
            <small>
              {bytes(size)} · {intact ? 'intact' : 'not intact'}
              {legal_hold !== undefined && ' · on hold'}
              {deleted_at !== undefined && ' · deleted'}
            </small>
            <code className="hash">{sha256.slice(0, 16)}…</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

const RAW_SHOWN = 20;

function RawEvents({ evidence }: { evidence: readonly Evidence[] }) {
  const kept = evidence.flatMap(({ violation }) => violation ?? []);
  return (
    <section className="card">
      <h2>Raw events</h2>
      {kept.slice(0, RAW_SHOWN).map((violation) => (
        <details key={violation.id} className="raw">
          <summary>
            <span className="raw-time">{fullTime(violation.time)}</span> <b>{violation.name}</b> <span className="note">{violation.source}</span>
          </summary>
          <pre tabIndex={0}>{pretty(violation.raw)}</pre>
        </details>
      ))}
      {kept.length > RAW_SHOWN && <p className="note">{count(kept.length - RAW_SHOWN, 'more event')} by the API: /v1/violations.</p>}
    </section>
  );
}

function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), undefined, 2);
  } catch {
    return raw;
  }
}
