/** Texts that the encodings of Sigma make of one, or the reason why there are none. */
export type Encoded = { texts: string[]; inside: boolean } | { problem: string };

const CHARACTERS: Record<string, (text: string) => Buffer> = {
  utf16le: (text) => Buffer.from(text, 'utf16le'),
  wide: (text) => Buffer.from(text, 'utf16le'),
  utf16be: (text) => Buffer.from(text, 'utf16le').swap16(),
  utf16: (text) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
};

export const ENCODINGS: readonly string[] = [...Object.keys(CHARACTERS), 'base64', 'base64offset'];

/** `modifiers` are those of `ENCODINGS`, in their order. */
export function encode(text: string, modifiers: readonly string[]): Encoded {
  const [first, second] = modifiers;
  const characters = first === undefined || !Object.hasOwn(CHARACTERS, first) ? undefined : CHARACTERS[first];
  const base64 = characters === undefined ? first : second;
  if (base64 !== 'base64' && base64 !== 'base64offset')
    return { problem: 'stands for bytes, and violations hold text; only in Base64 they could be found' };
  if (/[*?]/.test(text)) return { problem: 'has wildcards in what is encoded' };
  const bytes = characters?.(text) ?? Buffer.from(text, 'utf8');
  return base64 === 'base64'
    ? { texts: [bytes.toString('base64')], inside: false }
    : { texts: [0, 1, 2].map((shift) => shifted(bytes, shift)), inside: true };
}

/** What of the bytes is certain when so many others stand before them: the characters that hold their bits alone. */
function shifted(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const start = Math.ceil((shift * 8) / 6);
  const end = Math.floor(((shift + bytes.length) * 8) / 6);
  return text.slice(start, end);
}
