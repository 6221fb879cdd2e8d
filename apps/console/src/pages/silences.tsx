import { useState, type SyntheticEvent } from 'react';
import { send } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { Silence, SilencePage } from '../api/types.js';
import { useDenied } from '../session.js';
import { Ago, Empty, PageHead, Trouble, Waiting, useNow } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { useTeller } from '../ui/toast.js';

export function SilencesPage() {
  const { data, error, reload } = useResource<SilencePage>('/v1/silences?limit=200', 'tick', 'incident');
  const denied = useDenied('operator');
  const [making, setMaking] = useState(false);
  return (
    <div className="page">
      <PageHead title="Silences" note="Incidents that match still form and are on record; nobody is told, and nothing is done.">
        <Button look="primary" denied={denied} onClick={() => setMaking(true)}>
          <Icon name="plus" /> New silence…
        </Button>
      </PageHead>
      <Trouble error={error} stale={data !== undefined} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.items.length === 0 && (
        <Empty icon="silences" title="No silence">
          Make one for planned work, and everybody sleeps through it.
        </Empty>
      )}
      <ul className="rows">
        {data?.items.map((silence) => (
          <Row key={silence.id} silence={silence} reload={reload} />
        ))}
      </ul>
      {making && <Make reload={reload} onClose={() => setMaking(false)} />}
    </div>
  );
}

function Row({ silence, reload }: { silence: Silence; reload: () => Promise<void> }) {
  const { id, filter, starts_at, ends_at, author, comment } = silence;
  const now = new Date(useNow()).toISOString();
  const teller = useTeller();
  const denied = useDenied('operator');
  const over = ends_at <= now;
  const waiting = starts_at > now;
  const word = waiting ? 'To come' : 'In force';
  return (
    <li className="card row">
      <span className={`pill ${over || waiting ? 'tone-neutral' : 'tone-warn'}`}>{over ? 'Over' : word}</span>
      <span className="row-what">
        <code>{filter}</code>
        <span className="note">
          {comment} · {author}
        </span>
      </span>
      <span className="row-side note">
        {waiting ? 'begins ' : 'ends '}
        <Ago time={waiting ? starts_at : ends_at} />
      </span>
      {!over && (
        <Button
          denied={denied}
          onClick={() => teller.run(() => send('DELETE', `/v1/silences/${encodeURIComponent(id)}`), 'The silence is over.').then(reload)}
        >
          End it
        </Button>
      )}
    </li>
  );
}

const HOURS = [1, 4, 24, 168] as const;

function Make({ reload, onClose }: { reload: () => Promise<void>; onClose: () => void }) {
  const [filter, setFilter] = useState('');
  const [comment, setComment] = useState('');
  const [hours, setHours] = useState<number>(1);
  const teller = useTeller();
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const ends_at = new Date(Date.now() + hours * 3_600_000).toISOString();
    const well = await teller.run(() => send('POST', '/v1/silences', { filter: filter.trim(), comment: comment.trim(), ends_at }), 'Silenced.');
    if (well) onClose();
    await reload();
  };
  return (
    <Dialog title="New silence" onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <label className="field">
          <span>Which incidents (CEL over incident)</span>
          <textarea
            autoFocus
            required
            rows={3}
            className="code"
            spellCheck={false}
            placeholder={'incident.rule.name == "port-scan"'}
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
        </label>
        <fieldset className="choices row">
          <legend>For how long</legend>
          {HOURS.map((n) => (
            <label key={n}>
              <input type="radio" name="hours" checked={hours === n} onChange={() => setHours(n)} /> {n < 100 ? `${n} h` : '1 week'}
            </label>
          ))}
        </fieldset>
        <label className="field">
          <span>Why</span>
          <input type="text" required maxLength={2000} value={comment} onChange={(event) => setComment(event.target.value)} />
        </label>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary">
            Silence
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
