import { useState, type SyntheticEvent } from 'react';
import { send } from '../api/client.js';
import { useResource, type Resource } from '../api/resource.js';
import type { ResponseControl } from '../api/types.js';
import { Ago } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { Icon } from '../ui/icon.js';
import { useTeller } from '../ui/toast.js';

const CONTROL = '/v1/response';

/** Says on every page that nothing is begun, by whom, and how to go on. */
export function KillSwitchBanner({ control }: { control: Resource<ResponseControl> }) {
  const [asking, setAsking] = useState(false);
  const { data, reload } = control;
  if (data?.stopped !== true) return null;
  return (
    <div className="stopped" role="alert">
      <Icon name="stop" />
      <p>
        <b>All response is stopped</b> by {data.actor}, <Ago time={data.time} />: {data.reason}. What stands is still undone on time.
      </p>
      <Button onClick={() => setAsking(true)}>Resume…</Button>
      {asking && <Ask what="resume" reload={reload} onClose={() => setAsking(false)} />}
    </div>
  );
}

/** The button that stops everything; once it is stopped, the banner is the way back. */
export function KillSwitch() {
  const [asking, setAsking] = useState(false);
  const { data, reload } = useResource<ResponseControl>(CONTROL, 'action');
  if (data === undefined || data.stopped) return null;
  return (
    <>
      <Button look="danger" onClick={() => setAsking(true)}>
        <Icon name="stop" /> Stop all response…
      </Button>
      {asking && <Ask what="stop" reload={reload} onClose={() => setAsking(false)} />}
    </>
  );
}

function Ask({ what, reload, onClose }: { what: 'stop' | 'resume'; reload: () => Promise<void>; onClose: () => void }) {
  const [reason, setReason] = useState('');
  const teller = useTeller();
  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const well = await teller.run(
      () => send('POST', `${CONTROL}/${what}`, { reason: reason.trim() }),
      what === 'stop' ? 'Stopped. No action begins from now on.' : 'Actions may begin again.',
    );
    if (well) onClose();
    await reload();
  };
  return (
    <Dialog title={what === 'stop' ? 'Stop all response' : 'Resume the response'} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <p className="note">
          {what === 'stop'
            ? 'From now on no action begins, whatever policies say. What stands is still undone on time.'
            : 'Actions that wait may begin as soon as you resume.'}
        </p>
        <label className="field">
          <span>Why; it stays on record</span>
          <input autoFocus type="text" required maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={what === 'stop' ? 'danger' : 'primary'}>
            {what === 'stop' ? 'Stop all' : 'Resume'}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
