import type { Finding } from '../channel.js';
import type { Row, TableApi } from './api.js';
import type { ServicenowConfig } from './config.js';

/** A table of tickets has its own choices, and those of the table that it extends. */
const PARENT = 'task';
const CHOICES_MAX = 500;
const SYS_ID = /^[0-9a-f]{32}$/;

/** Asks the instance about everything that a ticket will need, and writes nothing. That it may be written is not seen without writing. */
export async function checkServicenow(config: ServicenowConfig, api: TableApi, signal: AbortSignal): Promise<Finding[]> {
  const { table } = config;
  const read = await api.find(table, '', 1, signal);
  if ('failure' in read) return [{ what: 'connection', ok: false, message: `${read.failure.message}; look at "instance", "auth" and "table"` }];
  const found: Finding[] = [{ what: 'connection', ok: true, message: `reads the table ${table}` }];
  if (table === 'em_event') return found;

  const wanted = ['correlation_id', 'correlation_display', 'work_notes', 'close_code', 'close_notes', ...Object.keys(config.fields)];
  const columns = await rowsOf(api, 'sys_dictionary', `nameIN${table},${PARENT}^elementIN${wanted.join(',')}`, 'name,element', signal);
  found.push(aboutColumns(wanted, columns));

  const choices = await rowsOf(api, 'sys_choice', `nameIN${table},${PARENT}^elementINstate,close_code^inactive=false`, 'name,element,value', signal);
  const codes = [config.closeCode ?? '', ...Object.values(config.closeCodes)].filter((code) => code !== '');
  const { inProgress, resolved, reopened, closed } = config.states;
  found.push(aboutChoices('close_code', 'resolution codes', codes, choices, table));
  found.push(aboutChoices('state', 'states', [...(inProgress === undefined ? [] : [inProgress]), resolved, reopened, ...closed], choices, table));
  const group = config.fields['assignment_group'];
  if (group !== undefined) found.push(await aboutGroup(group, config, api, signal));
  return found;
}

/** Undefined where the user may not look. */
async function rowsOf(api: TableApi, table: string, query: string, columns: string, signal: AbortSignal): Promise<Row[] | undefined> {
  const found = await api.find(table, query, CHOICES_MAX, signal, columns);
  return 'failure' in found || found.rows.length === 0 ? undefined : found.rows;
}

function aboutColumns(wanted: readonly string[], rows: readonly Row[] | undefined): Finding {
  const what = 'columns';
  if (rows === undefined) return { what, ok: true, message: 'not looked at: the user may not read sys_dictionary' };
  const names = new Set(rows.map(({ element }) => element?.value));
  const absent = wanted.filter((name) => !names.has(name));
  if (absent.length === 0) return { what, ok: true, message: wanted.join(', ') };
  return { what, ok: false, message: `there is no ${absent.join(', ')}; ServiceNow leaves out what it does not know without a word` };
}

function aboutChoices(element: string, what: string, wanted: readonly string[], all: readonly Row[] | undefined, table: string): Finding {
  if (all === undefined) return { what, ok: true, message: 'not looked at: the user may not read sys_choice' };
  const rows = all.filter((row) => row['element']?.value === element);
  // Where the table has its own, those of its parent do not count.
  const own = rows.filter((row) => row['name']?.value === table);
  const values = (own.length > 0 ? own : rows).map((row) => row['value']?.value ?? '');
  const absent = [...new Set(wanted)].filter((value) => !values.includes(value));
  if (absent.length === 0) return { what, ok: true, message: [...new Set(wanted)].join(', ') };
  const there = values.map((value) => `"${value}"`).join(', ');
  return { what, ok: false, message: `${absent.map((value) => `"${value}"`).join(', ')} is no choice of ${element}; there are ${there || 'none'}` };
}

async function aboutGroup(group: string, { displayValues }: ServicenowConfig, api: TableApi, signal: AbortSignal): Promise<Finding> {
  const what = 'assignment group';
  if (!displayValues && !SYS_ID.test(group)) {
    return { what, ok: false, message: `"${group}" is no sys_id; set "displayValues: true" to name a group as people see it` };
  }
  const column = displayValues ? 'name' : 'sys_id';
  const found = await api.find('sys_user_group', `${column}=${group}^active=true`, 1, signal, 'sys_id,name');
  if ('failure' in found) return { what, ok: true, message: 'not looked at: the user may not read sys_user_group' };
  const row = found.rows.find((one) => one[column]?.value === group);
  return row === undefined
    ? { what, ok: false, message: `there is no active group "${group}"` }
    : { what, ok: true, message: row['name']?.value ?? group };
}
