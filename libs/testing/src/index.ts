export * from './kafka/index.js';
export * from './real.js';
export { buildIncident } from './builders/incident.js';
export { buildViolation } from './builders/violation.js';
export * from './postgres/index.js';
export { type Behaviour, type HttpReceiver, type ReceivedRequest, httpReceiver } from './receivers/http.js';
export { type SyslogReceiver, syslogReceiver } from './receivers/syslog.js';
export { freePort } from './receivers/free-port.js';
