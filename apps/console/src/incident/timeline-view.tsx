import { useState } from 'react';
import { At, Severity } from '../ui/bits.js';
import { Icon } from '../ui/icon.js';
import { count } from '../words.js';
import type { Entry, EntryKind } from './timeline.js';

const KINDS: readonly (readonly [EntryKind | '', string])[] = [
  ['', 'All'],
  ['violation', 'Violations'],
  ['incident', 'Incident'],
  ['action', 'Actions'],
  ['delivery', 'Told'],
];

export function Timeline({ entries }: { entries: readonly Entry[] }) {
  const [kind, setKind] = useState<EntryKind | ''>('');
  const present = KINDS.filter(([one]) => one === '' || entries.some((entry) => entry.kind === one));
  const shown = kind === '' ? entries : entries.filter((entry) => entry.kind === kind);
  return (
    <>
      {present.length > 2 && (
        <div className="tabs" role="group" aria-label="Kinds of entries">
          {present.map(([one, word]) => (
            <button key={one} type="button" aria-pressed={kind === one} onClick={() => setKind(one)}>
              {word}
            </button>
          ))}
        </div>
      )}
      <ol className="timeline">
        {shown.map(({ id, kind: of, icon, time, title, detail, severity, times, since }) => (
          <li key={id} className={`entry entry-${of}`}>
            <span className="entry-time">
              <At time={time} />
            </span>
            <span className={`entry-mark ${severity === undefined ? '' : `s${severity}`}`}>
              <Icon name={icon} />
            </span>
            <div className="entry-body">
              <p>
                <b>{title}</b>
                {times !== undefined && since !== undefined && (
                  <span className="times">
                    {count(times, 'time')} since <At time={since} />
                  </span>
                )}
                {severity !== undefined && <Severity id={severity} short />}
              </p>
              {detail !== '' && <p className="entry-detail">{detail}</p>}
            </div>
          </li>
        ))}
      </ol>
    </>
  );
}
