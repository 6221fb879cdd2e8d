/** C0 and C1 controls, and what some readers take for the end of a line. */
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Text without line ends and other controls, which become spaces, and without halves of characters. */
export function oneLine(text: string): string {
  return text.toWellFormed().replaceAll(CONTROLS, ' ');
}

/** At most so many UTF-16 units; what was cut ends with `…`. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  // Half a character at the cut becomes none.
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
