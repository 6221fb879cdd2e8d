import type { Message } from '../message.js';
import { shorten } from '../../formats/text.js';

/** Limits of Block Kit, https://docs.slack.dev/reference/block-kit/blocks. */
const HEADER_MAX = 150;
const SECTION_MAX = 3_000;
const FIELD_MAX = 2_000;
const FIELDS_MAX = 10;

export interface Button {
  label: string;
  value: string;
  style?: 'primary' | 'danger';
}

/** In Slack's text only these three mean something; what an attacker chose must not mention anybody or become a link. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

export function blocksOf({ title, text, fields, link }: Message, buttons: readonly Button[]): object[] {
  return [
    { type: 'header', text: { type: 'plain_text', text: shorten(title, HEADER_MAX), emoji: false } },
    { type: 'section', text: plain(text, SECTION_MAX) },
    ...(fields.length === 0
      ? []
      : [{ type: 'section', fields: fields.slice(0, FIELDS_MAX).map(([name, value]) => plain(`${name}: ${value}`, FIELD_MAX)) }]),
    ...(buttons.length === 0 && link === undefined
      ? []
      : [
          {
            type: 'actions',
            elements: [
              ...buttons.map(({ label, value, style }, index) => ({
                type: 'button',
                action_id: `tocsin-${index}`,
                text: { type: 'plain_text', text: label, emoji: false },
                value,
                ...(style !== undefined && { style }),
              })),
              // A button without a value: following it says nothing to us.
              ...(link === undefined
                ? []
                : [{ type: 'button', action_id: 'tocsin-open', text: { type: 'plain_text', text: 'Open in Tocsin', emoji: false }, url: link }]),
            ],
          },
        ]),
  ];
}

function plain(text: string, max: number): object {
  return { type: 'plain_text', text: shorten(text, max), emoji: false };
}
