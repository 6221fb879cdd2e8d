import { formatIssue, type ConfigIssue } from '@tocsin/extension';

/** Something that a conversion has to say about a document. */
export interface Remark {
  /** `lost`: a part has no equivalent, so that the rule is not put in force. `note`: it means nearly the same. */
  kind: 'lost' | 'note';
  issue: ConfigIssue;
}

/** What there is to say about one document of Sigma. */
export class Remarks {
  readonly list: Remark[] = [];
  readonly #issue: Place;

  constructor(issue: Place) {
    this.#issue = issue;
  }

  lost(path: readonly PropertyKey[], message: string): void {
    this.#add('lost', path, message);
  }

  note(path: readonly PropertyKey[], message: string): void {
    this.#add('note', path, message);
  }

  get isWhole(): boolean {
    return this.list.every(({ kind }) => kind !== 'lost');
  }

  /** Many values of one field lose the same. */
  #add(kind: Remark['kind'], path: readonly PropertyKey[], message: string): void {
    const known = this.list.some(
      (remark) => remark.kind === kind && remark.issue.message === message && parentOf(remark.issue.path) === parentOf(pathText(path)),
    );
    if (!known) this.list.push({ kind, issue: { ...this.#issue(path, message), path: pathText(path) } });
  }
}

type Place = (path: readonly PropertyKey[], message: string) => ConfigIssue;

/** Names of fields and modifiers are shown as Sigma writes them: `detection.selection.Image|endswith`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}

function parentOf(path: string): string {
  return path.replace(/\[\d+\]$/, '');
}

export function remarkText({ kind, issue }: Remark): string {
  return `${formatIssue(issue)}${kind === 'note' ? ' (note)' : ''}`;
}
