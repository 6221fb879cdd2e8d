import { useState } from 'react';
import { send } from '../api/client.js';
import { useResource } from '../api/resource.js';
import type { DeadLetter, DeadLetterPage, SentAgain } from '../api/types.js';
import { navigate, usePlace, withQuery } from '../route.js';
import { useDenied } from '../session.js';
import { Ago, Empty, PageHead, Trouble, Waiting } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { useTeller } from '../ui/toast.js';
import { bytes, count, plain } from '../words.js';

const STAGES = [
  ['', 'All'],
  ['decode', 'Decode'],
  ['correlate', 'Correlate'],
  ['project', 'Store'],
  ['deliver', 'Deliver'],
  ['respond', 'Respond'],
] as const;

export function DeadLettersPage() {
  const { query } = usePlace();
  const stage = query.get('stage') ?? '';
  const { data, error, reload } = useResource<DeadLetterPage>(
    `/v1/dead-letters?limit=100${stage === '' ? '' : `&stage=${encodeURIComponent(stage)}`}`,
    'tick',
  );
  const [open, setOpen] = useState<string>();
  return (
    <div className="page">
      <PageHead title="Dead letters" note="What could not be processed or delivered: the bytes as they came, and why." />
      <div className="tabs" role="group" aria-label="Stage">
        {STAGES.map(([value, word]) => (
          <button
            key={value}
            type="button"
            aria-pressed={stage === value}
            onClick={() => navigate(withQuery(query, { stage: value }), { replace: true })}
          >
            {word}
          </button>
        ))}
      </div>
      <Trouble error={error} stale={data !== undefined} />
      {data === undefined && error === undefined && <Waiting />}
      {data?.items.length === 0 && (
        <Empty icon="letters" title="No dead letters">
          All that came was understood, and all that was told was taken.
        </Empty>
      )}
      <ul className="rows">
        {data?.items.map(({ id, time, stage: where, reason, message, component, attempts, bytes: size }) => (
          <li key={id} className="card">
            <button type="button" className="row-button" onClick={() => setOpen(id)}>
              <span className="pill tone-bad">{plain(reason)}</span>
              <span className="row-what">
                <b>{component === '' ? plain(where) : component}</b>
                <span className="note">{message}</span>
              </span>
              <span className="row-side note">
                {plain(where)} · {count(attempts, 'attempt')} · {bytes(size)} · <Ago time={time} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      {data?.next_cursor !== undefined && <p className="note">The newest 100 are shown; the API has the rest.</p>}
      {open !== undefined && <Letter id={open} reload={reload} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

function Letter({ id, reload, onClose }: { id: string; reload: () => Promise<void>; onClose: () => void }) {
  const teller = useTeller();
  const denied = useDenied('operator');
  const putBack = async (): Promise<void> => {
    const well = await teller.run(
      () => send<SentAgain>('POST', `/v1/dead-letters/${encodeURIComponent(id)}/redrive`, {}),
      'It is sent to its subscription again.',
    );
    if (well) onClose();
    await reload();
  };
  const { data, error } = useResource<DeadLetter>(`/v1/dead-letters/${encodeURIComponent(id)}`);
  return (
    <Dialog title="Dead letter" onClose={onClose}>
      <Trouble error={error} />
      {data === undefined && error === undefined && <Waiting rows={4} />}
      {data !== undefined && (
        <>
          <p>{data.message}</p>
          <dl className="facts">
            {[
              ['Reason', plain(data.reason)],
              ['About', data.component],
              [
                'From',
                data.origin === undefined
                  ? 'never on the log'
                  : `${data.origin.topic}, partition ${data.origin.partition}, offset ${data.origin.offset}`,
              ],
              ['Key', data.key ?? '—'],
              ['Id', data.id],
            ].map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          <pre tabIndex={0}>{data.payload.text ?? data.payload.base64}</pre>
          <footer>
            <Button
              denied={data.stage === 'deliver' ? denied : 'Only what a receiver refused can be put back; mend the sender of this.'}
              onClick={putBack}
            >
              Put back
            </Button>
          </footer>
        </>
      )}
    </Dialog>
  );
}
