export { type Alertmanager, type ShownAlert, startAlertmanager } from './alertmanager/alertmanager.js';
export { type Exim, type EximOptions, startExim } from './exim/exim.js';
export {
  fakeJira,
  type FakeJira,
  type FakeJiraOptions,
  type JiraFault,
  type JiraIssue as FakeJiraIssue,
  type JiraUser,
  type JiraWebhook,
} from './jira/jira.js';
export * from './kafka/index.js';
export { fakeSlack, type FakeSlack, type FakeSlackOptions, type SlackFault, type SlackMessage } from './slack/web-api.js';
export { ensureHelm } from './kubernetes/binary.js';
export * from './kubernetes/index.js';
export { findProgram, type Program } from './programs.js';
export * from './real.js';
export { buildArtefact } from './builders/artefact.js';
export { buildIncident } from './builders/incident.js';
export { buildViolation } from './builders/violation.js';
export * from './neuvector/index.js';
export * from './oidc/provider.js';
export * from './postgres/index.js';
export { type Behaviour, type HttpReceiver, type HttpReceiverOptions, type ReceivedRequest, httpReceiver } from './receivers/http.js';
export { type Certificates, makeCertificates } from './receivers/certificates.js';
export { type SyslogBehaviour, type SyslogReceiver, type SyslogReceiverOptions, syslogReceiver, udpSyslogReceiver } from './receivers/syslog.js';
export * from './rsyslog/index.js';
export * from './syslog-ng/index.js';
export { freePort } from './receivers/free-port.js';
export { FakeS3 } from './s3/fake.js';
export * from './servicenow/index.js';
