export interface ImportSet {
  table: string;
  /** Before the names of the staging table's columns. */
  prefix: string;
  /** Whether what has the `correlation_id` of a record changes that record. */
  coalesces: boolean;
}

/**
 * The record that a transform map makes of a row of its staging table: column by column, and nothing of what that table does not have. Only
 * texts may be sent, https://www.servicenow.com/docs/r/api-reference/rest-apis/c_ImportSetAPI.html.
 */
export function importedAs({ prefix }: ImportSet, body: Record<string, unknown>, columns: readonly string[]): Record<string, string> {
  const known = columns.map((name): [string, unknown] => [name, body[`${prefix}${name}`]]);
  return Object.fromEntries(known.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
