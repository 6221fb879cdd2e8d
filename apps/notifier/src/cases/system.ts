import type { Failed } from '../channels/http.js';
import type { CaseFile } from './attachments.js';
import type { FieldVariables } from './fields.js';

/**
 * A ticket system, as far as one case per incident needs it. `cases.ts` decides what is asked and when; a system asks it once.
 *
 * The contract, held by `contract.ts`:
 * - No method throws. What goes wrong is a failure; `done` of it says whether the system may have done it all the same.
 * - `create` writes the marker with the case, so that `find` finds it.
 * - `find` searches anew; it MAY miss what was written less than the system's lag ago, and MUST NOT miss what is older.
 * - `update` and `comment` MAY be asked again with the same content after a lost answer.
 */
export interface CaseSystem {
  /** For how long a search may miss what was created, milliseconds. */
  readonly searchLagMs: number;
  /** The case with this marker; undefined when there is none. Of several the oldest. */
  find(marker: string, signal: AbortSignal): Promise<Asked<CaseRef | undefined>>;
  create(content: CaseContent, about: CaseSubject, signal: AbortSignal): Promise<Asked<CaseRef>>;
  /** Sets the fields that are given. */
  update(ref: CaseRef, content: Partial<CaseContent>, signal: AbortSignal): Promise<Asked<void>>;
  comment(ref: CaseRef, comment: CaseComment, signal: AbortSignal): Promise<Asked<void>>;
  /** Whether the comment with this key is there. */
  hasComment(ref: CaseRef, key: string, signal: AbortSignal): Promise<Asked<boolean>>;
  /** Attaches it, unless a file of its name is there. False where the system takes no such file, now or later. */
  attach(ref: CaseRef, file: CaseFile, signal: AbortSignal): Promise<Asked<boolean>>;
  /** Moves it to where the incident is; does nothing when it is there already. */
  move(ref: CaseRef, to: CaseStatus, resolution: CaseResolution | undefined, signal: AbortSignal): Promise<Asked<void>>;
}

export type Asked<T> = { ok: true; value: T } | { ok: false; failure: CaseFailure };

export type CaseFailure = Failed & {
  /** Whether it may have been done all the same: the answer is lost. */
  done: 'no' | 'unknown';
  /** The case is gone, or will never take it: it is orphaned then. */
  lost?: true;
};

export interface CaseRef {
  /** The system's own id, for ever the same. */
  reference: string;
  /** What people call it. */
  name: string;
  url: string;
}

export interface CaseContent {
  /** One line. */
  title: string;
  description: string;
  severityId: 1 | 2 | 3 | 4 | 5 | 6;
}

/** What a new case is about. */
export interface CaseSubject {
  marker: string;
  /** For fields of the user's own. */
  variables: FieldVariables;
}

export interface CaseComment {
  /** Stands in the text, so that it is known again. */
  key: string;
  text: string;
}

/** Where a case may stand: taken up by nobody, worked on, done. */
export type CaseStatus = 'new' | 'in_progress' | 'done';

export interface CaseResolution {
  /** `true_positive`, `benign`, … */
  reason: string;
  comment: string;
}
