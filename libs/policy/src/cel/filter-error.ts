/** A CEL expression that cannot be used as a condition; `offset` is where in the source. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}
