export { startSyslogNg, type SyslogNg, type SyslogNgMessage } from './syslog-ng.js';
export { syslogNgRoot } from './root.js';
