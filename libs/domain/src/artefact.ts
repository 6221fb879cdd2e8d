/** What an action collected: the manifest of bytes that are kept elsewhere. */
export interface Artefact {
  schema: 1;
  /** uuidv5 over action and name. */
  id: string;
  /** Id of the action that collected it, and of the incident that it answers. */
  action: string;
  incident?: string;
  name: string;
  media_type: string;
  bytes: number;
  /** SHA-256 of what is kept, hexadecimal. */
  sha256: string;
  /** As the source computed it, before it was moved. */
  source_sha256?: string;
  /** False when the two differ: it is kept all the same, and says so. */
  intact: boolean;
  /** The source had more than it may collect. */
  truncated: boolean;
  /** Where it is from, and by what it was made. */
  source: Record<string, unknown>;
  /** RFC 3339. */
  collected_at: string;
  retain_until: string;
  /** Present while somebody holds it beyond that time. */
  legal_hold?: { actor: string; reason: string; time: string };
  /** When its bytes were deleted; the manifest stays. */
  deleted_at?: string;
}
