import { createHash } from 'node:crypto';
import { evidenceId, type Artefact } from '@tocsin/domain';
import { appendAudit, expiredArtefacts, getArtefact, insertArtefact, lockControl, updateArtefact, type Store } from '@tocsin/store';
import type { Blobs } from './blobs.js';

/** What an action collected, and of what. */
export interface Collected {
  action: string;
  incident: string | undefined;
  /** Unique for the action, such as `capture.pcap`. */
  name: string;
  mediaType: string;
  bytes: Buffer;
  /** As the source computed it, hexadecimal; absent when it cannot. */
  sourceSha256?: string;
  /** Whether the source had more. */
  truncated?: boolean;
  /** Where it is from, and by what it was made; for people and for courts. */
  source: Record<string, unknown>;
}

/** What was kept is not what was collected, or is gone. */
export class EvidenceDamaged extends Error {
  override readonly name = 'EvidenceDamaged';
}

/**
 * Keeps what actions collect, with a record of everybody who had it in hands: the chain of custody of NIST SP 800-86. The record is a part
 * of the audit, whose hashes follow from one another.
 */
export class Evidence {
  readonly #store: Store;
  readonly #blobs: Blobs;
  readonly #retentionMs: number;
  readonly #now: () => number;

  constructor(store: Store, blobs: Blobs, retentionMs: number, now: () => number) {
    this.#store = store;
    this.#blobs = blobs;
    this.#retentionMs = retentionMs;
    this.#now = now;
  }

  /** Resolves to its id when it is durable. The first of that action and name stays: collecting it again after a crash changes nothing. */
  async keep(collected: Collected): Promise<string> {
    const { action, incident, name, mediaType, bytes, sourceSha256, truncated = false, source } = collected;
    const id = evidenceId(action, name);
    if ((await getArtefact(this.#store.db, id)) !== undefined) return id;
    const sha256 = sha256Of(bytes);
    const now = new Date(this.#now()).toISOString();
    const artefact: Artefact = {
      schema: 1,
      id,
      action,
      ...(incident !== undefined && { incident }),
      name,
      media_type: mediaType,
      bytes: bytes.byteLength,
      sha256,
      ...(sourceSha256 !== undefined && { source_sha256: sourceSha256 }),
      intact: sourceSha256 === undefined || sourceSha256 === sha256,
      truncated,
      source,
      collected_at: now,
      retain_until: new Date(this.#now() + this.#retentionMs).toISOString(),
    };
    await this.#blobs.put(keyOf(artefact), bytes, { sha256, retainUntil: artefact.retain_until });
    await this.#store.transaction(async (tx) => {
      await lockControl(tx);
      if (!(await insertArtefact(tx, artefact))) return;
      const detail = { name, bytes: bytes.byteLength, sha256, source_sha256: sourceSha256, intact: artefact.intact, truncated, action, source };
      await appendAudit(tx, [{ time: now, actor: 'tocsin', event: 'evidence.collected', subject: id, detail }]);
    });
    return id;
  }

  /** Reads it for somebody, which is put on record first. Undefined when there is none. Throws `EvidenceDamaged`. */
  async read(id: string, actor: string): Promise<{ artefact: Artefact; bytes: Buffer } | undefined> {
    const artefact = await getArtefact(this.#store.db, id);
    if (artefact === undefined) return undefined;
    const bytes = await this.#intact(artefact);
    await this.#record(id, actor, 'evidence.downloaded', { sha256: artefact.sha256 });
    return { artefact, bytes };
  }

  /** Computes the hash of what is kept, and puts on record what came of it. */
  async verify(id: string, actor: string): Promise<boolean> {
    const artefact = await getArtefact(this.#store.db, id);
    if (artefact === undefined) return false;
    const ok = await this.#intact(artefact).then(
      () => true,
      (error: unknown) => {
        if (!(error instanceof EvidenceDamaged)) throw error;
        return false;
      },
    );
    await this.#record(id, actor, ok ? 'evidence.verified' : 'evidence.damaged', { sha256: artefact.sha256 });
    return ok;
  }

  /** Keeps it for as long as the hold stands, or ends that. False when there is none. */
  async hold(id: string, actor: string, reason: string, on: boolean): Promise<boolean> {
    return this.#store.transaction(async (tx) => {
      await lockControl(tx);
      const { legal_hold: _before, ...artefact } = (await getArtefact(tx, id)) ?? {};
      if (!('id' in artefact)) return false;
      const time = new Date(this.#now()).toISOString();
      await updateArtefact(tx, on ? { ...artefact, legal_hold: { actor, reason, time } } : artefact);
      await appendAudit(tx, [{ time, actor, event: on ? 'evidence.held' : 'evidence.released', subject: id, detail: { reason } }]);
      return true;
    });
  }

  /** Deletes what is past its time and not held: the bytes, not the manifest nor the record. Resolves to how many. */
  async prune(limit: number): Promise<number> {
    const now = new Date(this.#now()).toISOString();
    const expired = await expiredArtefacts(this.#store.db, now, limit);
    let deleted = 0;
    for (const { id } of expired) {
      // Looked at again under the lock: somebody may hold it by now.
      const gone = await this.#store.transaction(async (tx) => {
        await lockControl(tx);
        const artefact = await getArtefact(tx, id);
        if (artefact === undefined || artefact.legal_hold !== undefined || artefact.retain_until >= now) return undefined;
        await updateArtefact(tx, { ...artefact, deleted_at: now });
        const detail = { retain_until: artefact.retain_until };
        await appendAudit(tx, [{ time: now, actor: 'tocsin', event: 'evidence.deleted', subject: id, detail }]);
        return artefact;
      });
      if (gone === undefined) continue;
      await this.#blobs.delete(keyOf(gone));
      deleted += 1;
    }
    return deleted;
  }

  async #intact(artefact: Artefact): Promise<Buffer> {
    if (artefact.deleted_at !== undefined)
      throw new EvidenceDamaged(`"${artefact.name}" was deleted at ${artefact.deleted_at}, when its time was over.`);
    const bytes = await this.#blobs.get(keyOf(artefact)).catch((error: unknown) => {
      if (isMissing(error)) throw new EvidenceDamaged(`The bytes of "${artefact.name}" are gone.`, { cause: error });
      throw error;
    });
    if (sha256Of(bytes) !== artefact.sha256) throw new EvidenceDamaged(`"${artefact.name}" is not what was collected: its hash differs.`);
    return bytes;
  }

  async #record(subject: string, actor: string, event: string, detail: Record<string, unknown>): Promise<void> {
    await this.#store.transaction(async (tx) => {
      await lockControl(tx);
      await appendAudit(tx, [{ time: new Date(this.#now()).toISOString(), actor, event, subject, detail }]);
    });
  }
}

/** As a directory and as S3 say it. */
function isMissing(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  return code === 'ENOENT' || name === 'NoSuchKey';
}

function keyOf({ id, sha256 }: Artefact): string {
  return `${id}/${sha256}`;
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
