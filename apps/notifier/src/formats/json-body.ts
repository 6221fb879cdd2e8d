import type { FormatInput } from './format.js';

/** The event's own JSON, or one without the sensor's event as it arrived, which is most of its bytes. */
export function jsonBody({ events, data, body }: FormatInput, raw: boolean): Buffer {
  if (raw || events !== 'violations') return body;
  const { raw: _raw, raw_truncated: _truncated, ...rest } = data;
  return Buffer.from(JSON.stringify(rest));
}
