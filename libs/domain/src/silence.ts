/** While it lasts, incidents that its filter passes form and are recorded, but nobody is told and nothing is done. */
export interface Silence {
  /** Random for one made by the API; for a document `document:<name>`. */
  id: string;
  /** CEL over `incident`. */
  filter: string;
  /** RFC 3339. */
  starts_at: string;
  /** RFC 3339, exclusive. A silence always ends. */
  ends_at: string;
  author: string;
  comment: string;
  created_at: string;
}
