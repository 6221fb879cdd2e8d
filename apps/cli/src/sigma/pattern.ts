/** Sigma's text values: `*` stands for any text, `?` for one character, and a backslash takes that meaning away. */
export type Piece = string | { any: true } | { one: true } | { dash: true };

const ANY: Piece = { any: true };

/** A value in pieces of plain text and wildcards. */
export function piecesOf(value: string): Piece[] {
  const pieces: Piece[] = [];
  let plain = '';
  const flush = (): void => {
    if (plain !== '') pieces.push(plain);
    plain = '';
  };
  for (let at = 0; at < value.length; at++) {
    const character = value[at] as string;
    const next = value[at + 1];
    // A backslash before anything else is itself, and so is the first of two.
    if (character === '\\' && (next === '*' || next === '?' || next === '\\')) {
      plain += next;
      at++;
    } else if (character === '*' || character === '?') {
      flush();
      pieces.push(character === '*' ? ANY : { one: true });
    } else plain += character;
  }
  flush();
  return pieces;
}

export type Position = 'contains' | 'startswith' | 'endswith' | 'exact';

/** Puts wildcards where the modifier says. */
export function positioned(pieces: readonly Piece[], position: Position): Piece[] {
  const before = position === 'contains' || position === 'endswith' ? [ANY] : [];
  const after = position === 'contains' || position === 'startswith' ? [ANY] : [];
  const result = [...before, ...pieces, ...after];
  return result.filter((piece, index) => !(isAny(piece) && isAny(result[index - 1])));
}

/** Flags of a command line may begin with any dash, or with `/`. */
export function withAnyDash(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece, index): Piece[] => {
    if (typeof piece !== 'string') return [piece];
    const begins = index === 0 ? '(?<=^|\\s)' : '(?<=\\s)';
    return piece
      .split(new RegExp(`(${begins}[-/–—―])`, 'u'))
      .filter((part) => part !== '')
      .map((part) => (/^[-/–—―]$/u.test(part) ? { dash: true as const } : part));
  });
}

export function isAny(piece: Piece | undefined): boolean {
  return typeof piece === 'object' && 'any' in piece;
}

/** What is left when wildcards at both ends are taken off, and which they were. */
export interface Shape {
  position: Position;
  inner: readonly Piece[];
  /** The inner part as text, where it has no wildcards. */
  text: string | undefined;
}

export function shapeOf(pieces: readonly Piece[]): Shape {
  const before = isAny(pieces[0]);
  const after = pieces.length > 1 && isAny(pieces.at(-1));
  const inner = pieces.slice(before ? 1 : 0, after ? -1 : undefined);
  const text = inner.every((piece) => typeof piece === 'string') ? inner.join('') : undefined;
  return { position: positionOf(before, after), inner, text };
}

function positionOf(before: boolean, after: boolean): Position {
  if (before) return after ? 'contains' : 'endswith';
  return after ? 'startswith' : 'exact';
}

/** As RE2 reads it. */
export function toRegex(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');
      if ('dash' in piece) return '[-/–—―]';
      return 'any' in piece ? '.*' : '.';
    })
    .join('');
}
