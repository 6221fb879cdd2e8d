import { alertmanager } from './alertmanager/alertmanager.js';
import type { ChannelKind } from './channel.js';
import { email } from './email/email.js';
import { file } from './file/file.js';
import { jira } from './jira/jira.js';
import { kafka } from './kafka/kafka.js';
import { pagerduty } from './pagerduty/pagerduty.js';
import { servicenow } from './servicenow/servicenow.js';
import { slack } from './slack/slack.js';
import { syslog } from './syslog/syslog.js';
import { teams } from './teams/teams.js';
import { webhook } from './webhook/webhook.js';

/** The ways out; `channel.type` of a Subscription names one of them. */
export const channels: readonly ChannelKind[] = [alertmanager, email, file, jira, kafka, pagerduty, servicenow, slack, syslog, teams, webhook];
