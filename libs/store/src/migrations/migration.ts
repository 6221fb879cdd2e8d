/** Types that the two databases name differently. */
export interface ColumnTypes {
  /** Compared byte by byte, so that times and ids sort alike in every database whatever its locale. */
  text: string;
  bytes: string;
  /** Primary key that grows with each row. */
  serial: string;
}

export interface Migration {
  /** Number and subject; for ever, since it is what the database remembers. */
  name: string;
  /** SQL that both databases accept. It runs in one transaction, with the ones before it applied. */
  statements(types: ColumnTypes): readonly string[];
}
