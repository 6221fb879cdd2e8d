import { FULL_VIOLATION, HOSTILE, input, withText } from '../../formats/contract.js';
import type { Format, FormatInput } from '../../formats/format.js';
import { template } from '../../formats/template/template.js';
import type { Channel, Delivery } from '../channel.js';
import { delivery } from '../contract.js';
import { channelDeps } from '../testing.js';
import { syslogMessage } from './message.js';
import { syslog } from './syslog.js';

const LONG_MESSAGES = 250_000;

/** Sends to loopback, as a subscription with this channel would. */
export function create(port: number, config: object = {}): Channel {
  return syslog.create(configOf(port, config), channelDeps());
}

/** The bytes of the message without framing. */
export function bytesOf(one: Delivery, config: object = {}): string {
  return syslogMessage(one, configOf(1, config)) as string;
}

function configOf(port: number, config: object): ReturnType<typeof syslog.config.parse> {
  const { transport } = config as { transport?: string };
  const maxMessageBytes = transport === 'udp' ? 65_507 : LONG_MESSAGES;
  return syslog.config.parse({ host: '127.0.0.1', port, timeout: '2s', facility: 'local4', hostname: 'node-1', maxMessageBytes, ...config });
}

export function formatted(type: string, format: Format, event: FormatInput): Delivery {
  return delivery({ data: event.data, content: { format: type, ...format.write(event) } });
}

const text = template.create(template.config.parse({ text: '{{ violation.message }}', escape: 'none', maxBytes: 1_000_000 }));

/** What receivers stumble over, as JSON and as text with all its lines. */
export const STORIES: [name: string, delivery: Delivery][] = [
  ['everything that a violation has', delivery({ data: FULL_VIOLATION })],
  ['many small values', delivery({ data: { args: Array.from({ length: 500 }, (_, index) => `--argument-${index}`) } })],
  ...HOSTILE.flatMap(([name, hostile]): [string, Delivery][] => [
    [`${name} in JSON`, delivery({ data: { message: hostile.slice(0, 10_000) } })],
    [`${name} in text`, formatted('template', text, withText('violations', `begin ${hostile} end`))],
  ]),
  ['several lines', formatted('template', text, input('violations', { ...FULL_VIOLATION, message: 'first\nsecond\n\n  fourth é\nend' }))],
];
