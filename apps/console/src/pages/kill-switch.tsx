import { useState } from 'react';
import { send } from '../api/client.js';
import { useResource, type Resource } from '../api/resource.js';
import type { ResponseControl } from '../api/types.js';
import { useDenied } from '../session.js';
import { AskReason } from '../ui/ask-reason.js';
import { Ago } from '../ui/bits.js';
import { Button } from '../ui/button.js';
import { Icon } from '../ui/icon.js';
import { useTeller } from '../ui/toast.js';

const CONTROL = '/v1/response';

/** Says on every page that nothing is begun, by whom, and how to go on. */
export function KillSwitchBanner({ control }: { control: Resource<ResponseControl> }) {
  const [asking, setAsking] = useState(false);
  const denied = useDenied('approver');
  const { data, reload } = control;
  if (data?.stopped !== true) return null;
  return (
    <div className="stopped" role="alert">
      <Icon name="stop" />
      <p>
        <b>All response is stopped</b> by {data.actor}, <Ago time={data.time} />: {data.reason}. What stands is still undone on time.
      </p>
      <Button denied={denied} onClick={() => setAsking(true)}>
        Resume…
      </Button>
      {asking && <Ask what="resume" reload={reload} onClose={() => setAsking(false)} />}
    </div>
  );
}

/** The button that stops everything; once it is stopped, the banner is the way back. */
export function KillSwitch() {
  const [asking, setAsking] = useState(false);
  const denied = useDenied('operator');
  const { data, reload } = useResource<ResponseControl>(CONTROL, 'action');
  if (data === undefined || data.stopped) return null;
  return (
    <>
      <Button look="danger" denied={denied} onClick={() => setAsking(true)}>
        <Icon name="stop" /> Stop all response…
      </Button>
      {asking && <Ask what="stop" reload={reload} onClose={() => setAsking(false)} />}
    </>
  );
}

function Ask({ what, reload, onClose }: { what: 'stop' | 'resume'; reload: () => Promise<void>; onClose: () => void }) {
  const teller = useTeller();
  const stops = what === 'stop';
  return (
    <AskReason
      title={stops ? 'Stop all response' : 'Resume the response'}
      note={
        stops
          ? 'From now on no action begins, whatever policies say. What stands is still undone on time.'
          : 'Actions that wait may begin as soon as you resume.'
      }
      act={stops ? 'Stop all' : 'Resume'}
      danger={stops}
      onClose={onClose}
      onSay={async (reason) => {
        const done = stops ? 'Stopped. No action begins from now on.' : 'Actions may begin again.';
        const well = await teller.run(() => send('POST', `${CONTROL}/${what}`, { reason }), done);
        if (well) onClose();
        await reload();
      }}
    />
  );
}
