import { violationKey, type Violation } from '@tocsin/domain';
import { encodeEvent, EventType, RecordTooLarge, Topic, type EventLog, type LogRecord } from '@tocsin/event-log';

/** Records below this are not worth cutting: what is too large for the log is larger. */
const CUT_ABOVE_BYTES = 16 * 1024;

/**
 * Appends the violations as one append. Where the log finds a record too large, their `raw` is left out; what is still
 * too large is returned and was not appended. Rejects when the log may not have them.
 */
export async function appendViolations(log: EventLog, violations: readonly Violation[], traceparent?: string): Promise<Violation[]> {
  if (violations.length === 0) return [];
  const records = violations.map((violation) => encode(violation, traceparent));
  if (await tryAppend(log, records)) return [];
  const cut = violations.map((violation, index) => {
    const record = records[index] as LogRecord;
    return record.value.length > CUT_ABOVE_BYTES ? encode({ ...violation, raw: '', raw_truncated: true }, traceparent) : record;
  });
  if (await tryAppend(log, cut)) return [];
  // One by one from here: nothing says which of them it is.
  const tooLarge: Violation[] = [];
  for (const [index, record] of cut.entries()) {
    if (!(await tryAppend(log, [record]))) tooLarge.push(violations[index] as Violation);
  }
  return tooLarge;
}

function encode(violation: Violation, traceparent: string | undefined): LogRecord {
  return encodeEvent(
    violationKey(violation),
    {
      id: violation.id,
      type: EventType.Violation,
      source: `/tocsin/ingest/${violation.source}`,
      time: violation.time,
      severityId: violation.severity_id,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
    violation,
  );
}

/** False when a record is too large, and then nothing was written. */
async function tryAppend(log: EventLog, records: readonly LogRecord[]): Promise<boolean> {
  try {
    await log.append(Topic.Violations, records);
    return true;
  } catch (error) {
    if (error instanceof RecordTooLarge) return false;
    throw error;
  }
}
