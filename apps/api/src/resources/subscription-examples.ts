import type { DeliveryBody, DrillBody, SentAgain, SubscriptionBody } from './subscription.js';

export const subscriptionExample: SubscriptionBody = {
  name: 'soc',
  channel: 'webhook',
  events: 'incidents',
  state: 'disabled',
  since: '2026-09-14T14:02:11.000Z',
  actor: 'tocsin',
  reason: 'nothing was delivered since 2026-09-13T14:02:10.000Z: https://soc.example/… did not answer within 10000 ms',
  served: true,
  lag: { events: 1_312, seconds: 86_420.5 },
  dead_letters: 2,
  failing_since: '2026-09-13T14:02:10.000Z',
  last_success: '2026-09-13T14:01:58.120Z',
  last_error: { time: '2026-09-14T14:02:09.000Z', reason: 'timeout', message: 'https://soc.example/… did not answer within 10000 ms' },
  probe_at: '2026-09-14T14:07:11.000Z',
};

export const deliveryExample: DeliveryBody = {
  id: '9a8b7c6d-5e4f-5a3b-8c2d-1e0f9a8b7c6d',
  subscription: 'soc',
  event: '1c9b5a70-4f7e-5d21-9a57-0c6f1e2d3b4a/1',
  state: 'delivered',
  attempts: 3,
  logged_at: '2026-09-14T14:02:11.440Z',
  first_attempt: '2026-09-14T14:02:11.460Z',
  last_attempt: '2026-09-14T14:02:14.020Z',
  last_failure: { reason: 'server_error', message: 'https://soc.example/… answered 503' },
  origin: { topic: 'tocsin.incidents', partition: 4, offset: 1_024 },
};

export const sentAgainExample: SentAgain = { subscription: 'soc', events: 42, complete: true };

export const drillExample: DrillBody = {
  subscription: 'soc',
  event: '0e6f3a1c-2b4d-4f5a-9c8b-7a6d5e4f3b2c/1',
  delivery: '3f2e1d0c-9b8a-5766-8554-433221100fed',
  sent_at: '2026-09-14T14:02:11.000Z',
};
