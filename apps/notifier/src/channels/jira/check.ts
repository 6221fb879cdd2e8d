import type { Finding } from '../channel.js';
import type { JiraApi } from './api.js';
import type { JiraConfig } from './config.js';
import { COMMON_LABEL } from './system.js';

/** What we do to tickets, by Jira's keys, https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/. */
const PERMISSIONS = ['BROWSE_PROJECTS', 'CREATE_ISSUES', 'EDIT_ISSUES', 'ADD_COMMENTS', 'TRANSITION_ISSUES'] as const;
/** A project has some dozens at most, and a screen some hundreds. */
const PAGE = 200;

interface Field {
  fieldId?: string;
  /** Data Center before 10 names it so. */
  key?: string;
  name?: string;
  required?: boolean;
  hasDefaultValue?: boolean;
  allowedValues?: { name?: string }[];
}

/** Asks Jira about everything that a ticket will need, and writes nothing. Stops at what makes the rest pointless. */
export async function checkJira(config: JiraConfig, api: JiraApi, signal: AbortSignal): Promise<Finding[]> {
  const found: Finding[] = [];
  const add = (what: string, mistake: string | undefined, well: string): boolean => {
    found.push({ what, ok: mistake === undefined, message: mistake ?? well });
    return mistake === undefined;
  };
  const get = async <T>(path: string): Promise<{ body: T } | { mistake: string }> => {
    const asked = await api.call('GET', path, undefined, signal);
    return asked.ok ? { body: (asked.body ?? {}) as T } : { mistake: asked.failure.message };
  };
  const flavor = await api.cloud(signal);
  if (!add('connection', flavor.ok ? undefined : flavor.failure.message, flavor.ok && flavor.cloud ? 'Jira Cloud' : 'Jira Data Center')) return found;
  const me = await get<{ displayName?: string }>('/myself');
  if (!add('login', 'mistake' in me ? `${me.mistake}; look at "auth"` : undefined, 'body' in me ? `is ${me.body.displayName ?? 'known'}` : ''))
    return found;

  const { project, issueType } = config;
  const allowed = await get<{ permissions?: Record<string, { havePermission?: boolean }> }>(
    `/mypermissions?projectKey=${encodeURIComponent(project)}&permissions=${PERMISSIONS.join(',')}`,
  );
  const lacking = 'body' in allowed ? PERMISSIONS.filter((name) => allowed.body.permissions?.[name]?.havePermission !== true) : [];
  const forbidden = lacking.length > 0 ? `lacks ${lacking.join(', ')} in the project ${project}, which is not there or has to grant them` : undefined;
  if (!add('permissions', 'mistake' in allowed ? allowed.mistake : forbidden, `may write tickets of ${project}`)) return found;

  const types = await get<Listed<{ id?: string; name?: string }>>(`/issue/createmeta/${project}/issuetypes?maxResults=${PAGE}`);
  const named = 'body' in types ? listed(types.body) : [];
  const type = named.find(({ name }) => name === issueType);
  const others = `the project has ${named.map(({ name }) => `"${name ?? ''}"`).join(', ') || 'none'}`;
  const noType = type === undefined ? `there is no issue type "${issueType}"; ${others}` : undefined;
  if (!add('issue type', 'mistake' in types ? types.mistake : noType, issueType)) return found;

  const fields = await get<Listed<Field>>(`/issue/createmeta/${project}/issuetypes/${type?.id ?? ''}?maxResults=${PAGE}`);
  if ('mistake' in fields) add('fields', fields.mistake, '');
  else found.push(...checkFields(config, listed(fields.body)));
  found.push(await checkWorkflow(config, get));
  return found;
}

/** Cloud and Data Center call the list by other names. */
interface Listed<T> {
  values?: T[];
  issueTypes?: T[];
  fields?: T[];
}

function listed<T>({ values, issueTypes, fields }: Listed<T>): T[] {
  return values ?? issueTypes ?? fields ?? [];
}

function checkFields({ priorities, components, fields }: JiraConfig, screen: readonly Field[]): Finding[] {
  const byId = new Map(screen.map((field) => [field.fieldId ?? field.key ?? '', field]));
  const ours = ['project', 'issuetype', 'summary', 'description', 'labels', ...Object.keys(fields)];
  if (Object.keys(priorities).length > 0) ours.push('priority');
  if (components.length > 0) ours.push('components');
  const absent = ours.filter((id) => !byId.has(id));
  const missing = screen.filter(({ fieldId, key, required, hasDefaultValue }) => {
    return required === true && hasDefaultValue !== true && !ours.includes(fieldId ?? key ?? '');
  });
  const unknown = (id: string, names: readonly string[]): string[] => {
    const values = byId.get(id)?.allowedValues;
    return values === undefined ? [] : names.filter((name) => !values.some((value) => value.name === name));
  };
  const wrongPriorities = unknown('priority', Object.values(priorities));
  const wrongComponents = unknown('components', components);
  const says = (id: string): string => (byId.get(id)?.allowedValues ?? []).map(({ name }) => `"${name ?? ''}"`).join(', ');
  const mistakes = [
    ...(absent.length > 0 ? [`${absent.join(', ')} cannot be set: put them on the screen on which tickets are created${marks(absent)}`] : []),
    ...missing.map(
      ({ fieldId, key, name }) => `"${name ?? ''}" (${fieldId ?? key ?? ''}) is required: give it a value in "fields", or a default in Jira`,
    ),
    ...(wrongPriorities.length > 0 ? [`there is no priority ${quoted(wrongPriorities)}; there are ${says('priority')}`] : []),
    ...(wrongComponents.length > 0 ? [`there is no component ${quoted(wrongComponents)}; there are ${says('components')}`] : []),
  ];
  if (mistakes.length === 0) return [{ what: 'fields', ok: true, message: ours.slice(2).join(', ') }];
  return mistakes.map((message) => ({ what: 'fields', ok: false, message }));
}

function marks(absent: readonly string[]): string {
  return absent.includes('labels') ? `; without labels a ticket is never found again (by "${COMMON_LABEL}-<incident>")` : '';
}

/** Where the workflow has no such status, comments say how the incident stands. */
async function checkWorkflow(
  { project, issueType }: JiraConfig,
  get: <T>(path: string) => Promise<{ body: T } | { mistake: string }>,
): Promise<Finding> {
  const asked = await get<{ name?: string; statuses?: { statusCategory?: { key?: string } }[] }[]>(`/project/${project}/statuses`);
  if ('mistake' in asked) return { what: 'workflow', ok: false, message: asked.mistake };
  const statuses = (Array.isArray(asked.body) ? asked.body : []).find(({ name }) => name === issueType)?.statuses ?? [];
  const categories = new Set(statuses.map(({ statusCategory }) => statusCategory?.key));
  const absent = [...(categories.has('indeterminate') ? [] : ['In Progress']), ...(categories.has('done') ? [] : ['Done'])];
  if (absent.length === 0) return { what: 'workflow', ok: true, message: 'has statuses in progress and done' };
  return {
    what: 'workflow',
    ok: false,
    message: `has no status of the category ${absent.join(' and of ')}: tickets of ${issueType} cannot follow there`,
  };
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
