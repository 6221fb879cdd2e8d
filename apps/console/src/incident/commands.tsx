import { useState, type SyntheticEvent } from 'react';
import { command } from '../api/client.js';
import type { Incident } from '../api/types.js';
import { useDenied, useSession } from '../session.js';
import { Button } from '../ui/button.js';
import { Dialog } from '../ui/dialog.js';
import { useTeller } from '../ui/toast.js';
import { plain } from '../words.js';

const REASONS = ['true_positive', 'benign', 'false_positive', 'duplicate', 'other'] as const;
type Question = 'assign' | 'note' | 'resolve';

/** What can be said about an incident: one key press for the common, a question for what needs words. */
export function IncidentCommands({ incident, reload }: { incident: Incident; reload: () => Promise<void> }) {
  const [question, setQuestion] = useState<Question>();
  const teller = useTeller();
  const { who } = useSession();
  const denied = useDenied('operator');
  const { id, status } = incident;
  const say = async (type: string, body: object, done: string): Promise<void> => {
    const well = await teller.run(() => command(`/v1/incidents/${id}/${type}`, body), done);
    if (well) setQuestion(undefined);
    await reload();
  };
  return (
    <div className="commands">
      {status === 'open' && (
        <Button look="primary" denied={denied} onClick={() => say('acknowledge', {}, 'Acknowledged.')}>
          Acknowledge
        </Button>
      )}
      {incident.assignee !== who.actor && status !== 'resolved' && (
        <Button denied={denied} onClick={() => say('assign', { assignee: who.actor }, 'It is yours.')}>
          Take it
        </Button>
      )}
      <Button denied={denied} onClick={() => setQuestion('assign')}>
        Assign…
      </Button>
      <Button denied={denied} onClick={() => setQuestion('note')}>
        Note…
      </Button>
      {status === 'resolved' ? (
        <Button denied={denied} onClick={() => say('reopen', {}, 'Reopened.')}>
          Reopen
        </Button>
      ) : (
        <Button denied={denied} onClick={() => setQuestion('resolve')}>
          Resolve…
        </Button>
      )}
      {question !== undefined && <Ask question={question} incident={incident} say={say} onClose={() => setQuestion(undefined)} />}
    </div>
  );
}

interface AskProps {
  question: Question;
  incident: Incident;
  say(type: string, body: object, done: string): Promise<void>;
  onClose(): void;
}

function Ask({ question, incident, say, onClose }: AskProps) {
  const [text, setText] = useState(question === 'assign' ? (incident.assignee ?? '') : '');
  const [reason, setReason] = useState<(typeof REASONS)[number]>('true_positive');
  const submit = (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    const comment = text.trim() === '' ? {} : { comment: text.trim() };
    if (question === 'assign')
      return say('assign', { assignee: text.trim() }, text.trim() === '' ? 'It is nobody’s.' : `Assigned to ${text.trim()}.`);
    if (question === 'note') return say('note', comment, 'Noted.');
    return say('resolve', { reason, ...comment }, 'Resolved.');
  };
  return (
    <Dialog title={TITLES[question]} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        {question === 'resolve' && (
          <fieldset className="choices">
            <legend>What was it?</legend>
            {REASONS.map((one) => (
              <label key={one}>
                <input type="radio" name="reason" value={one} checked={reason === one} onChange={() => setReason(one)} /> {plain(one)}
              </label>
            ))}
          </fieldset>
        )}
        <label className="field">
          <span>{LABELS[question]}</span>
          {question === 'assign' ? (
            <input autoFocus type="text" maxLength={200} value={text} onChange={(event) => setText(event.target.value)} />
          ) : (
            <textarea
              autoFocus={question === 'note'}
              rows={4}
              maxLength={2000}
              required={question === 'note'}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </label>
        <footer>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary">
            {ACTS[question]}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}

const TITLES: Record<Question, string> = { assign: 'Assign the incident', note: 'Add a note', resolve: 'Resolve the incident' };
const LABELS: Record<Question, string> = {
  assign: 'Who looks after it (empty: nobody)',
  note: 'Note; it stays in the history',
  resolve: 'Comment (optional)',
};
const ACTS: Record<Question, string> = { assign: 'Assign', note: 'Add the note', resolve: 'Resolve' };
