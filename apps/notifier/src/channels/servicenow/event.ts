import { isFinal } from '@tocsin/domain';
import { shorten } from '../../formats/text.js';
import type { Delivery } from '../channel.js';
import type { Message } from '../message.js';

/** 1 Critical … 5 OK; 0 clears. */
const SEVERITY = { 1: '5', 2: '4', 3: '3', 4: '2', 5: '1', 6: '1' } as const;

/**
 * An event of Event Management, which makes one alert of all that share `message_key`:
 * https://docs.servicenow.com/bundle/istanbul-it-operations-management/page/product/event-management/task/send-events-via-web-service.html
 */
export function eventOf({ told, facts, title, text, fields, link }: Message, { id, subscription }: Delivery): Record<string, string> {
  const info = { delivery: id, ...(link !== undefined && { link }), ...Object.fromEntries(fields) };
  const key = told.events === 'digests' ? `digest/${subscription}/${JSON.stringify(told.data.group)}` : `${told.events}/${facts.id}`;
  return {
    source: 'Tocsin',
    event_class: shorten(subscription, 100),
    node: facts.node ?? facts.cluster ?? '',
    resource: shorten([facts.namespace, facts.workload].filter((part) => part !== undefined && part !== '').join('/'), 100),
    type: shorten(facts.class, 100),
    message_key: shorten(`tocsin/${key}`, 255),
    severity: isOver(told) ? '0' : SEVERITY[facts.severityId],
    description: shorten(`${title}\n${text}`, 4_000),
    time_of_event: facts.time.slice(0, 19).replace('T', ' '),
    additional_info: JSON.stringify(info),
  };
}

function isOver(told: Message['told']): boolean {
  if (told.events === 'incidents') return told.data.status === 'resolved';
  return told.events === 'actions' && isFinal(told.data.state);
}
