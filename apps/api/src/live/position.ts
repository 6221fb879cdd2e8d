/** How far a reader has come: for each partition of each topic, as `i0` or `a11`, the offset of what comes next. */
export type Position = ReadonlyMap<string, number>;

const PART = /^([ia]\d{1,5})\.(\d{1,15})$/;
const MAX_TEXT = 20_000;

/** As the id of an event: `a0.7_i0.12`. It says the same at every replica, since all read one log. */
export function positionText(position: Position): string {
  return [...position]
    .map(([place, next]) => `${place}.${next}`)
    .toSorted()
    .join('_');
}

/** Undefined when the text is none of ours. */
export function readPosition(text: string): Position | undefined {
  if (text.length > MAX_TEXT) return undefined;
  const parts = text.split('_').map((part) => PART.exec(part));
  if (parts.includes(null)) return undefined;
  return new Map(parts.map((part) => [part?.[1] ?? '', Number(part?.[2])]));
}
