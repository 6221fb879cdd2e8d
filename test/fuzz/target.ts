/** Something that reads what strangers send. */
export interface Target {
  name: string;
  /** What it is usually given: where mutation begins. */
  seeds: readonly Buffer[];
  /** Words that its grammar knows, for the mutations to put in. */
  words: readonly string[];
  /** Throws when the input led to something that must not be; a refusal that the contract allows is none. */
  run(input: Buffer): void | Promise<void>;
  close?(): Promise<unknown>;
}

export class Finding extends Error {
  override readonly name = 'Finding';
}
