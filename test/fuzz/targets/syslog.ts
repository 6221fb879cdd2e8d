import { Deframer, parseSyslog } from '@tocsin/syslog';
import { Finding, type Target } from '../target.ts';

const MAX_BYTES = 8_192;

/** Any stream of bytes is messages, the same ones however it is cut into pieces. */
export function syslog(): Target {
  return {
    name: 'syslog',
    seeds: [
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application"] \ufeffAn event\n',
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8\n",
      '57 <13>1 2026-09-14T15:00:00Z host app 1 - [a@1 b="\\"\\]\\\\"] hi',
      '<13>1 - - - - - - \n<999>x\n12 <13>short\n',
      '<14>CEF:0|NeuVector|NeuVector|5.4|violate|Network|7|src=10.0.0.1 dst=10.0.0.2\n',
    ].map((text) => Buffer.from(text)),
    words: [
      '<',
      '>',
      '1 ',
      '[a@1 ',
      'b="',
      '"]',
      '\\]',
      '\ufeff',
      '2026-09-14T15:00:00.000001+02:00',
      'Oct 11 22:14:15',
      'NILVALUE',
      '-',
      '9999999 ',
    ],
    run(input) {
      const whole = messages([input]);
      const pieces: Buffer[] = [];
      for (let at = 0, length = 1; at < input.length; at += length, length = (length * 3) % 1_021) pieces.push(input.subarray(at, at + length));
      if (messages(pieces) !== whole) throw new Finding('Cut into pieces, it is other messages.');
    },
  };
}

function messages(chunks: readonly Buffer[]): string {
  const deframer = new Deframer(MAX_BYTES);
  const frames = [...chunks.flatMap((chunk) => deframer.push(chunk)), ...deframer.end()];
  const long = frames.find(({ bytes }) => bytes.length > MAX_BYTES);
  if (long !== undefined) throw new Finding(`A message has ${long.bytes.length} bytes.`);
  return JSON.stringify(frames.map(({ bytes, truncated }) => [truncated, parseSyslog(bytes, Date.UTC(2026, 8, 14))]));
}
