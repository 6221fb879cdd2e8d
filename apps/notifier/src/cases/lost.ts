import type { Notice } from '../channels/channel.js';

/** Somebody has to look after an incident whose ticket is gone: it is told to no ticket any more. */
export function lostCase(
  subscription: string,
  { subject, name = '', reference = '' }: { subject: string; name?: string | undefined; reference?: string | undefined },
  reason: string,
): Notice {
  return {
    name: `Ticket lost: ${subscription}`,
    message: `The ticket ${name} of incident ${subject} (subscription "${subscription}") is gone, or hidden from us; the incident is told there no more. ${reason}`,
    severityId: 4,
    identity: `${subject}/${reference}`,
    labels: { subscription, incident: subject, ticket: name },
  };
}
