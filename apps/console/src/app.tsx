import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useConnection, useResource } from './api/resource.js';
import type { ActionPage, ResponseControl } from './api/types.js';
import { ActionsPage } from './pages/actions.js';
import { ApprovalsPage } from './pages/approvals.js';
import { DeadLettersPage } from './pages/dead-letters.js';
import { IncidentPage } from './pages/incident.js';
import { IncidentsPage } from './pages/incidents.js';
import { KillSwitchBanner } from './pages/kill-switch.js';
import { PoliciesPage } from './pages/policies.js';
import { SilencesPage } from './pages/silences.js';
import { SubscriptionsPage } from './pages/subscriptions.js';
import { usePlace } from './route.js';
import { useSession } from './session.js';
import { Empty, Link } from './ui/bits.js';
import { Button } from './ui/button.js';
import { Dialog } from './ui/dialog.js';
import { Icon, type IconName } from './ui/icon.js';
import { ThemeSwitch } from './ui/theme.js';

interface Section {
  path: string;
  title: string;
  icon: IconName;
  page: () => ReactNode;
}

const SECTIONS: readonly Section[] = [
  { path: '/', title: 'Incidents', icon: 'incidents', page: () => <IncidentsPage /> },
  { path: '/approvals', title: 'Approvals', icon: 'approvals', page: () => <ApprovalsPage /> },
  { path: '/actions', title: 'Actions', icon: 'actions', page: () => <ActionsPage /> },
  { path: '/subscriptions', title: 'Subscriptions', icon: 'subscriptions', page: () => <SubscriptionsPage /> },
  { path: '/dead-letters', title: 'Dead letters', icon: 'letters', page: () => <DeadLettersPage /> },
  { path: '/silences', title: 'Silences', icon: 'silences', page: () => <SilencesPage /> },
  { path: '/policies', title: 'Policies', icon: 'policies', page: () => <PoliciesPage /> },
];

/** Asked for with the number that the badge can show. */
const WAITING = '/v1/actions?state=awaiting_approval&limit=100';

export function App() {
  const { path } = usePlace();
  const control = useResource<ResponseControl>('/v1/response', 'action', 'tick');
  const waiting = useResource<ActionPage>(WAITING, 'action').data?.items.length ?? 0;
  const incident = /^\/incidents\/([^/]+)$/.exec(path)?.[1];
  const here = SECTIONS.find((section) => section.path === (incident !== undefined || path === '/incidents' ? '/' : path));
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    // Who listens hears the new page; who sees is not disturbed by the first one.
    if (!first.current) main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    first.current = false;
    if (incident === undefined) document.title = `${here?.title ?? 'Not found'} · Tocsin`;
  }, [path, here, incident]);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <nav className="side" aria-label="Main">
        <Link to="/" className="brand" aria-label="Tocsin, incidents">
          <img src="/favicon.svg" width="28" height="28" alt="" />
          <span>Tocsin</span>
        </Link>
        <ul>
          {SECTIONS.map((section) => (
            <li key={section.path}>
              <Link to={section.path} className="nav" aria-current={section === here ? 'page' : undefined}>
                <Icon name={section.icon} />
                <span className="nav-word">{section.title}</span>
                {section.path === '/approvals' && waiting > 0 && (
                  <span className="badge">
                    {waiting > 99 ? '99+' : waiting}
                    <span className="sr-only"> waiting</span>
                  </span>
                )}
              </Link>
            </li>
          ))}
        </ul>
        <Footer />
      </nav>
      <div className="page-column">
        <KillSwitchBanner control={control} />
        <main id="main" ref={main} tabIndex={-1}>
          {incident === undefined ? (here?.page() ?? <NotFound />) : <IncidentPage key={incident} id={decodeURIComponent(incident)} />}
        </main>
      </div>
    </div>
  );
}

const CONNECTIONS = { live: 'Live', asking: 'Up to date', offline: 'Not connected' } as const;

function Footer() {
  const connection = useConnection();
  const { who, rename, signOut } = useSession();
  const [naming, setNaming] = useState(false);
  const [name, setName] = useState(who.actor);
  return (
    <div className="side-foot">
      <p className={`connection ${connection}`} role="status">
        <i aria-hidden="true" />
        <span>{CONNECTIONS[connection]}</span>
      </p>
      <div className="me">
        {who.kind === 'local' ? (
          <Button look="quiet" className="me-who" aria-label={`You speak as ${who.actor}. Change your name.`} onClick={() => setNaming(true)}>
            <Icon name="person" />
            <b>{who.actor}</b>
          </Button>
        ) : (
          <span className="me-who" title={`${who.actor}, ${who.role}`}>
            <Icon name="person" />
            <b>{who.actor}</b> <small className="note">{who.role}</small>
          </span>
        )}
        <ThemeSwitch />
        {who.kind === 'session' && (
          <Button look="quiet" className="icon-only" aria-label="Sign out" title="Sign out" onClick={signOut}>
            <Icon name="out" />
          </Button>
        )}
      </div>
      {naming && (
        <Dialog title="Who are you?" onClose={() => setNaming(false)}>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              rename(name.trim());
              setNaming(false);
            }}
          >
            <label className="field">
              <span>Your name; it stands in the history of what you do</span>
              <input
                autoFocus
                required
                type="text"
                maxLength={100}
                pattern="[!-~]([ -~]{0,98}[!-~])?"
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </label>
            <footer>
              <Button onClick={() => setNaming(false)}>Cancel</Button>
              <Button type="submit" look="primary">
                Save
              </Button>
            </footer>
          </form>
        </Dialog>
      )}
    </div>
  );
}

function NotFound() {
  return (
    <Empty icon="search" title="There is no such page">
      <Link to="/">To the incidents</Link>
    </Empty>
  );
}
