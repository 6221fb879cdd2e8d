import type { Artefact } from '@tocsin/domain';

/** What is attached to a case. */
export interface CaseFile {
  /** The same for the same artefact, so that one whose answer was lost is known again. */
  name: string;
  mediaType: string;
  bytes: Buffer;
}

/** Key `attachMaxBytes` of channels to ticket systems can be this at most: all of it is held in memory. */
export const ATTACH_MAX_BYTES = 10 * 1_048_576;

/** Those that are small enough, and still there. */
export function attachable(artefacts: readonly Artefact[], maxBytes: number): Artefact[] {
  return artefacts.filter(({ bytes, deleted_at: gone }) => bytes <= maxBytes && gone === undefined);
}

/** Its name, made harmless, behind the beginning of its hash: several actions collect files of the same name. */
export function attachmentName({ sha256, name }: Artefact): string {
  return `${sha256.slice(0, 12)}-${name.replaceAll(/[^A-Za-z0-9._-]+/g, '_').slice(-100)}`;
}
