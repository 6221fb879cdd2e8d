/** A record as the database holds it: everything is text, https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html. */
export type ServiceNowRecord = Record<string, string>;

/** What was written into a journal field; the record itself shows none of it, only `sys_journal_field` and display values do. */
export interface JournalEntry {
  sys_id: string;
  element_id: string;
  element: string;
  value: string;
  sys_created_on: string;
  sys_created_by: string;
}

const TASK = [
  'sys_id',
  'number',
  'short_description',
  'description',
  'urgency',
  'impact',
  'priority',
  'category',
  'subcategory',
  'assignment_group',
  'assigned_to',
  'caller_id',
  'cmdb_ci',
  'correlation_id',
  'correlation_display',
  'state',
  'active',
  'close_code',
  'close_notes',
  'work_notes',
  'comments',
  'sys_created_on',
  'sys_created_by',
  'sys_updated_on',
  'sys_updated_by',
  'sys_mod_count',
] as const;

const EVENT = [
  'sys_id',
  'source',
  'event_class',
  'node',
  'resource',
  'metric_name',
  'type',
  'message_key',
  'severity',
  'description',
  'time_of_event',
  'additional_info',
  'sys_created_on',
] as const;

/** Columns by table. */
export const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  incident: TASK,
  sn_si_incident: TASK,
  em_event: EVENT,
  sys_dictionary: ['name', 'element'],
  sys_choice: ['name', 'element', 'value', 'label', 'inactive'],
  sys_user_group: ['sys_id', 'name', 'active'],
  sys_journal_field: ['sys_id', 'element_id', 'element', 'value', 'sys_created_on', 'sys_created_by'],
};

/** The choices of `incident` as they come with an instance; those of `state` are its own and not those of `task`. */
export const CHOICES: readonly ServiceNowRecord[] = [
  ...['1', '2', '3', '6', '7', '8'].map((value) => ({ name: 'incident', element: 'state', value, inactive: 'false' })),
  ...['-5', '1', '2', '3', '4', '7'].map((value) => ({ name: 'task', element: 'state', value, inactive: 'false' })),
  ...['Solved', 'No fault', 'Duplicate'].map((value) => ({ name: 'incident', element: 'close_code', value, inactive: 'false' })),
];

export const GROUPS: readonly ServiceNowRecord[] = [{ sys_id: 'a'.repeat(32), name: 'SOC', active: 'true' }];

export const JOURNALS: ReadonlySet<string> = new Set(['work_notes', 'comments']);

/** Lengths of columns of text; what is longer is cut. */
export const LENGTHS: Readonly<Record<string, number>> = {
  short_description: 160,
  description: 4_000,
  correlation_id: 100,
  correlation_display: 100,
};

/** Priority is looked up from both, and cannot be set. */
export function priorityOf(impact: string, urgency: string): string {
  return String(Math.min(5, Math.max(1, Number(impact) + Number(urgency) - 1)));
}

/** `2026-09-14 14:02:11`, in UTC. */
export function glideTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/**
 * An encoded query, as far as integrations use it. A condition on a column that is not there is dropped, so that the query finds more
 * than was asked for, unless `glide.invalid_query.returns_no_rows` is set; it is not, by default:
 * https://community.servicenow.com/community/develop/blog/authors/catie.carmody
 */
export function find(rows: readonly ServiceNowRecord[], columns: readonly string[], query: string): ServiceNowRecord[] {
  let found = [...rows];
  for (const condition of query.split('^').filter((part) => part !== '')) {
    const order = /^ORDERBY(DESC)?(\w+)$/.exec(condition);
    if (order !== null) {
      const [, descending, by = ''] = order;
      found.sort((a, b) => ((a[by] ?? '') < (b[by] ?? '') ? -1 : 1) * (descending === undefined ? 1 : -1));
      continue;
    }
    const match = /^(\w+?)(STARTSWITH|>=|<=|!=|=|>|<|IN)(.*)$/s.exec(condition);
    const [, field = '', operator = '', value = ''] = match ?? [];
    if (!columns.includes(field)) continue;
    found = found.filter((row) => holds(row[field] ?? '', operator, value));
  }
  return found;
}

function holds(actual: string, operator: string, value: string): boolean {
  switch (operator) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '>=':
      return actual >= value;
    case '<=':
      return actual <= value;
    case '>':
      return actual > value;
    case '<':
      return actual < value;
    case 'STARTSWITH':
      return actual.startsWith(value);
    default:
      return value.split(',').includes(actual);
  }
}
