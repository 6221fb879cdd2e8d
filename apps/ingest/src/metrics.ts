import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface IngestMetrics {
  requests: Counter<'source' | 'code'>;
  violations: Counter<'source'>;
  duplicates: Counter<'source'>;
  rejected: Counter<'source' | 'reason'>;
  clockSkewed: Counter<'source'>;
  decodeSeconds: Histogram<'source'>;
  appendSeconds: Histogram;
  inFlightBytes: Gauge;
  syslogMessages: Counter<'protocol'>;
  syslogTruncated: Counter<'protocol'>;
  syslogDropped: Counter<'protocol'>;
  syslogConnections: Gauge;
  syslogQueueBytes: Gauge;
}

/** Labels are bounded: sources are the registered ones, codes are HTTP's, reasons are a closed list. */
export function createIngestMetrics(registry: Registry): IngestMetrics {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> =>
    new Counter({ name: `tocsin_ingest_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `tocsin_ingest_${name}`, help, registers });
  return {
    requests: counter('requests_total', 'HTTP requests by source and status code.', ['source', 'code']),
    violations: counter('violations_total', 'Violations appended to the event log.', ['source']),
    duplicates: counter('duplicates_total', 'Violations that had been accepted before.', ['source']),
    rejected: counter('rejected_total', 'Items that could not become violations; their bytes are in the dead letters.', ['source', 'reason']),
    clockSkewed: counter('clock_skewed_total', "Violations whose time was replaced because the sensor's clock was too far off.", ['source']),
    decodeSeconds: new Histogram({
      name: 'tocsin_ingest_decode_seconds',
      help: 'Time to decode one body.',
      labelNames: ['source'],
      registers,
      buckets: [0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1],
    }),
    appendSeconds: new Histogram({
      name: 'tocsin_ingest_append_seconds',
      help: 'Time until what one request brought was durable.',
      registers,
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    }),
    inFlightBytes: gauge('in_flight_bytes', 'Bytes of bodies being worked on.'),
    syslogMessages: counter('syslog_messages_total', 'Syslog messages received.', ['protocol']),
    syslogTruncated: counter('syslog_truncated_total', 'Syslog messages longer than the limit, whose end was cut off.', ['protocol']),
    syslogDropped: counter('syslog_dropped_total', 'Syslog messages lost because the buffer was full or the process stopped.', ['protocol']),
    syslogConnections: gauge('syslog_connections', 'Open syslog connections.'),
    syslogQueueBytes: gauge('syslog_queue_bytes', 'Bytes of syslog messages that wait to be appended.'),
  };
}
