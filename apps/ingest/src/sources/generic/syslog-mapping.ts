import { mapping, type Mapping } from './mapping.js';

/** Any syslog message as a violation: what a listener with `source: generic` uses unless it names another mapping. */
export const syslogMapping: Mapping = mapping.parse({
  fields: {
    name: ['msgId', 'appName', { const: 'syslog message' }],
    time: 'time',
    message: 'message',
    'node.name': 'hostname',
    'process.name': 'appName',
    'process.pid': 'procId',
  },
  severity: {
    from: 'severity',
    map: { 0: 'fatal', 1: 'critical', 2: 'critical', 3: 'high', 4: 'medium', 5: 'low', 6: 'informational', 7: 'informational' },
  },
  labels: { 'syslog.facility': 'facility', 'syslog.form': 'form' },
});
