import { useState } from 'react';
import { Button } from './button.js';
import { Dialog } from './dialog.js';

interface Props {
  title: string;
  note: string;
  /** What the button says. */
  act: string;
  danger: boolean;
  onSay(reason: string): Promise<void>;
  onClose(): void;
}

/** Asks why, before something that stays on record with its reason. */
export function AskReason({ title, note, act, danger, onSay, onClose }: Props) {
  const [reason, setReason] = useState('');
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void onSay(reason.trim());
        }}
      >
        <p className="note">{note}</p>
        <label className="field">
          <span>Why; it stays on record</span>
          <input autoFocus type="text" required maxLength={2000} value={reason} onChange={(event) => setReason(event.target.value)} />
        </label>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look={danger ? 'danger' : 'primary'}>
            {act}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
