import { isIP } from 'node:net';

/** A pattern, for RE2, of the addresses in a network; undefined where text does not say it, or it is no network. */
export function networkPattern(network: string): string | undefined {
  const [address = '', bitsText = '', ...rest] = network.split('/');
  const bits = /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  if (rest.length > 0 || bits < 0) return undefined;
  if (isIP(address) === 4 && bits <= 32) return v4Pattern(address.split('.').map(Number), bits);
  return isIP(address) === 6 ? v6Pattern(address.toLowerCase(), bits) : undefined;
}

function v4Pattern(octets: readonly number[], bits: number): string {
  const whole = octets.slice(0, Math.floor(bits / 8)).map(String);
  const free = bits % 8;
  if (free === 0) return `^${whole.map((octet, index) => (index === 3 ? `${octet}$` : `${octet}\\.`)).join('')}`;
  const step = 2 ** (8 - free);
  const first = Math.floor((octets[whole.length] ?? 0) / step) * step;
  const choice = Array.from({ length: step }, (_, index) => first + index).join('|');
  const end = whole.length === 3 ? '$' : '\\.';
  return `^${whole.map((octet) => `${octet}\\.`).join('')}(?:${choice})${end}`;
}

/**
 * Of IPv6 the first 16 bits, or the whole of an address in its shortest form: further in, one address is written in
 * several ways.
 */
function v6Pattern(address: string, bits: number): string | undefined {
  if (bits === 128) return `^${address}$`;
  const group = /^[1-9a-f][0-9a-f]{3}(?=:)/.exec(address)?.[0];
  if (group === undefined || bits < 4 || bits > 16) return undefined;
  const whole = group.slice(0, Math.floor(bits / 4));
  const free = bits % 4;
  if (free === 0) return `^${whole}${'[0-9a-f]'.repeat(4 - whole.length)}:`;
  const step = 2 ** (4 - free);
  const first = Math.floor(Number.parseInt(group[whole.length] ?? '0', 16) / step) * step;
  const digits = Array.from({ length: step }, (_, index) => (first + index).toString(16)).join('');
  return `^${whole}[${digits}]`;
}
