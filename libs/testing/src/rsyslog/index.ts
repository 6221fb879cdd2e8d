export { type Rsyslog, type RsyslogMessage, startRsyslog } from './rsyslog.js';
