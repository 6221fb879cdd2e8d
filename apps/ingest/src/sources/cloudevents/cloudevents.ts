import { canonicalJson, type Violation } from '@tocsin/domain';
import { severity } from '@tocsin/extension';
import { z } from 'zod';
import { finish } from '../draft.js';
import { isObject, parseObject, splitItems } from '../json.js';
import { fromPartial, type PartialDraft } from '../partial.js';
import { field, text, type Fields } from '../read.js';
import { BadInput, decodeEach, type Received, type Source } from '../source.js';
import { fromAny } from '../time.js';
import { workloadOfReference } from '../workload.js';

const config = z.strictObject({
  /** Severity of events whose data names none. Default: medium. */
  severity: severity.default(3),
});
type CloudeventsConfig = z.infer<typeof config>;

/** CloudEvents 1.0 by the HTTP binding: structured, batch, or binary with `ce-*` headers. */
export const cloudevents: Source<CloudeventsConfig> = {
  type: 'cloudevents',
  summary: 'CloudEvents 1.0; data shaped like a Tocsin violation is used field by field, other data is kept as it came.',
  config,
  contentTypes: [
    'application/cloudevents+json',
    'application/cloudevents-batch+json',
    'application/json',
    'application/x-ndjson',
    'application/octet-stream',
    'text/plain',
  ],
  create: (settings) => ({
    decode: (body, received) => {
      if (Object.hasOwn(received.headers, 'ce-specversion')) return decodeEach([body], () => decodeBinary(body, received, settings));
      return decodeEach(splitItems(body, received), (bytes) => {
        const { text: raw, value } = parseObject(bytes, received.limits);
        return decodeEvent(value, field(value, 'data'), raw, received, settings);
      });
    },
  }),
};

/** Attributes stand in headers, percent-encoded; the body is the data. */
function decodeBinary(body: Buffer, received: Received, settings: CloudeventsConfig): Violation {
  const attributes = Object.fromEntries(
    Object.entries(received.headers)
      .filter(([name]) => name.startsWith('ce-'))
      .map(([name, value]) => [name.slice('ce-'.length), percentDecoded(value)]),
  );
  const isJson = received.contentType === '' || received.contentType.endsWith('json');
  const data = isJson && body.length > 0 ? parseObject(body, received.limits).value : undefined;
  return decodeEvent(attributes, data, body.toString('utf8'), received, settings);
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function decodeEvent(event: Fields, data: unknown, raw: string, received: Received, settings: CloudeventsConfig): Violation {
  if (field(event, 'specversion') !== '1.0') throw new BadInput('is missing or unknown, expected "1.0"', { field: 'specversion' });
  const id = required(event, 'id');
  const origin = required(event, 'source');
  const type = required(event, 'type');
  const partial: PartialDraft | undefined = isObject(data) ? fromPartial(data) : undefined;
  return finish(
    'cloudevents',
    {
      ...partial,
      // CloudEvents are unique by source and id, so these are the identity whatever the data says.
      identity: canonicalJson([origin, id]),
      time: timeOf(event) ?? partial?.time,
      name: partial?.name ?? type,
      kind: partial?.kind ?? 'generic',
      severity_id: partial?.severity_id ?? settings.severity,
      workload: workloadFrom(partial, text(event, 'subject')),
      labels: [['cloudevents.type', type], ['cloudevents.source', origin], ...subjectLabel(event), ...(partial?.labels ?? [])],
    },
    raw,
    received,
  );
}

function required(event: Fields, name: string): string {
  const value = field(event, name);
  if (typeof value !== 'string' || value === '') throw new BadInput('is missing, CloudEvents 1.0 requires it as text', { field: name });
  return value;
}

function timeOf(event: Fields): string | undefined {
  const given = field(event, 'time');
  if (given === undefined || given === null) return undefined;
  const time = typeof given === 'string' ? fromAny(given) : undefined;
  if (time === undefined) throw new BadInput('is no RFC 3339 time', { field: 'time' });
  return time;
}

function subjectLabel(event: Fields): (readonly [string, string])[] {
  const subject = text(event, 'subject');
  return subject === undefined ? [] : [['cloudevents.subject', subject]];
}

function workloadFrom(partial: PartialDraft | undefined, subject: string | undefined): PartialDraft['workload'] {
  const said = partial?.workload;
  if (said?.name !== undefined || said?.namespace !== undefined) return said;
  return subject === undefined ? undefined : workloadOfReference(subject);
}
