import type { Channel, Delivery, Outcome } from '../channels/channel.js';
import { toldOf } from '../channels/message.js';
import { FormatError, type Format, type FormatInput } from '../formats/format.js';

/** The channel, given each event as the format writes it. What cannot be written fails for good; the others go on. */
export function inFormat(channel: Channel, type: string, format: Format): Channel {
  // So it comes from the log.
  if (format.asItIs === true) return channel;
  return {
    takes: channel.takes,
    async send(batch, signal) {
      const written = batch.map((delivery) => write(delivery, type, format));
      const whole = written.filter((one) => 'id' in one);
      const outcomes = whole.length === 0 ? [] : await channel.send(whole, signal);
      let next = 0;
      return written.map((one) => ('id' in one ? (outcomes[next++] as Outcome) : one));
    },
    ...(channel.receive !== undefined && { receive: channel.receive.bind(channel) }),
    ...(channel.poll !== undefined && { poll: channel.poll }),
    close: () => channel.close(),
  };
}

function write(delivery: Delivery, type: string, format: Format): Delivery | Outcome {
  const { id, type: eventType, source, time } = delivery.event;
  try {
    const input = { ...toldOf(delivery), body: delivery.body, attributes: { id, type: eventType, source, time } } as FormatInput;
    return { ...delivery, content: { format: type, ...format.write(input) } };
  } catch (error) {
    const { name, message } = error as Error;
    const what = error instanceof FormatError ? message : `the event is not as expected (${name})`;
    return { ok: false, retry: false, reason: 'format', message: `format "${type}": ${what}` };
  }
}
