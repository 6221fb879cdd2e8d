import { createHash } from 'node:crypto';
import type { Artefact } from '@tocsin/domain';
import { oneLine, shorten } from '../formats/text.js';

/** How far back artefacts are looked for that a case does not tell of yet: they were collected while nobody could be told. */
export const EVIDENCE_BACK_MS = 7 * 86_400_000;
/** How often it is looked for, where nothing else is asked of the system so often. */
export const EVIDENCE_EVERY_MS = 60_000;
const LIST_MAX = 20;

/** What people should know of what actions collected: what it is, and by what hash it is known to be unchanged. */
export function manifestOf(artefacts: readonly Artefact[], link: string | undefined): string {
  const lines = artefacts.slice(0, LIST_MAX).map(({ name, bytes, sha256, collected_at: at, intact, truncated, deleted_at: gone }) => {
    const notes = [
      ...(intact ? [] : ['differs from its source']),
      ...(truncated ? ['cut short'] : []),
      ...(gone === undefined ? [] : [`deleted ${gone}`]),
    ];
    return oneLine(`${shorten(name, 200)}, ${bytes} bytes, SHA-256 ${sha256}, collected ${at}${notes.map((note) => `, ${note}`).join('')}`);
  });
  const more = artefacts.length - lines.length;
  return ['Evidence:', ...lines, ...(more > 0 ? [`and ${more} more`] : []), ...(link === undefined ? [] : [link])].join('\n');
}

/** The same for the same artefacts, so that a manifest whose answer was lost is known again. */
export function manifestKey(artefacts: readonly Artefact[]): string {
  const hash = createHash('sha256');
  for (const { id } of artefacts) hash.update(id);
  return `evidence-${hash.digest('hex').slice(0, 12)}`;
}
