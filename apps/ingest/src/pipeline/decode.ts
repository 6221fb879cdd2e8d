import { BadInput, type Decoder, type Entry, type Received } from '../sources/source.js';

/**
 * Decodes a body into one entry per item. What makes the body as a whole unreadable is one bad entry with all of its
 * bytes. An adapter that fails otherwise has a defect: its input is kept like any bad input, and `onDefect` tells.
 */
export function decodeBody(decoder: Decoder, body: Buffer, received: Received, onDefect: (error: unknown) => void): readonly Entry[] {
  try {
    return decoder.decode(body, received);
  } catch (error) {
    if (error instanceof BadInput) return [withBytes(error, body)];
    onDefect(error);
    return [new BadInput('the adapter failed on this input, which is a defect of Tocsin', { bytes: body, reason: 'internal' })];
  }
}

function withBytes(error: BadInput, body: Buffer): BadInput {
  return error.bytes === undefined
    ? new BadInput(error.message, { index: error.index, field: error.field, reason: error.reason, bytes: body })
    : error;
}
