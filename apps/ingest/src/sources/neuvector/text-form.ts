/**
 * NeuVector's text form, `k=v,k=v,…`, in syslog, in plain-text webhooks and inside Slack and Teams messages.
 *
 * Values are not escaped, so a command line can forge fields: `proc_cmd=curl x,level=Info,action=allow`. Therefore:
 * - only keys that NeuVector knows begin a field, all else belongs to the value before it;
 * - the keys that it writes first (`HEAD`) count where they stand first, before anything that an attacker chooses;
 * - of the others the last one counts, because the attacker's text stands before them;
 * - a record with a repeated key is marked, and every record of this form is marked as lossy.
 */

const HEAD = [
  'notification',
  'cluster',
  'comment',
  'name',
  'level',
  'reported_timestamp',
  'reported_at',
  'cluster_name',
  'response_rule_id',
  'host_id',
  'host_name',
  'enforcer_id',
  'enforcer_name',
  'id',
  'threat_id',
  'controller_id',
  'controller_name',
  'workload_id',
  'workload_name',
  'workload_domain',
  'workload_image',
  'workload_service',
  'client_id',
  'client_name',
  'client_domain',
  'client_image',
  'client_service',
  'server_id',
  'server_name',
  'server_domain',
  'server_image',
  'server_service',
  'client_workload_id',
  'client_workload_name',
  'client_workload_domain',
  'client_workload_image',
  'client_workload_service',
  'server_workload_id',
  'server_workload_name',
  'server_workload_domain',
  'server_workload_image',
  'server_workload_service',
  'category',
];
const TAIL = [
  'server_port',
  'ip_proto',
  'applications',
  'servers',
  'sessions',
  'policy_action',
  'policy_id',
  'client_ip',
  'server_ip',
  'fqdn',
  'xff',
  'nbe',
  'severity',
  'action',
  'count',
  'ether_type',
  'client_port',
  'server_conn_port',
  'icmp_code',
  'icmp_type',
  'application',
  'sensor',
  'group',
  'target',
  'monitor',
  'message',
  'remote_workload_id',
  'remote_workload_name',
  'remote_workload_domain',
  'remote_workload_image',
  'remote_workload_service',
  'proc_name',
  'proc_path',
  'proc_cmd',
  'proc_real_uid',
  'proc_effective_uid',
  'proc_real_user',
  'proc_effective_user',
  'file_path',
  'file_name',
  'conn_ingress',
  'proc_parent_name',
  'proc_parent_path',
  'rule_id',
  'aggregation_from',
  'user',
  'user_roles',
  'user_addr',
  'user_session',
  'rest_method',
  'rest_request',
  'rest_body',
  'enforcer_limit',
  'image',
  'image_id',
  'registry',
  'registry_name',
  'repository',
  'tag',
  'base_os',
  'critical_vul_cnt',
  'high_vul_cnt',
  'medium_vul_cnt',
  'critical_vuls',
  'high_vuls',
  'medium_vuls',
  'cvedb_version',
  'error',
  'items',
  'platform',
  'platform_version',
  'region',
  'project_name',
  'packages',
  'package_ver',
  'fixed_ver',
  'score',
  'score_v3',
  'vectors',
  'vectors_v3',
  'link',
  'description',
  'pub_date',
  'last_mod_date',
  'image_layer_digest',
  'cmds',
  'pvc_name',
  'pvc_storageclass_name',
];
const FIRST_COUNTS = new Set(HEAD);
const KNOWN = new Set([...HEAD, ...TAIL]);
const KEY = /(?:^|,)([a-z][a-z0-9_]{1,31})=/g;
/** Fields whose value NeuVector prints as a Go slice: `[a b]`. */
const LISTS = new Set(['applications', 'servers', 'critical_vuls', 'high_vuls', 'medium_vuls', 'items', 'packages', 'file_name']);

export interface TextRecord {
  record: Record<string, string | string[]>;
  /** A key stood there twice: one of them was forged, or the value of another held it by chance. */
  ambiguous: boolean;
}

/** undefined when the text holds no record. What stands before it (a syslog header, a chat's decoration) is skipped. */
export function parseTextForm(whole: string): TextRecord | undefined {
  const begin = /(?:^|[\s>])((?:notification|level)=)/.exec(whole);
  if (begin === null) return undefined;
  const text = whole.slice(begin.index + begin[0].length - (begin[1] ?? '').length).trimEnd();
  const fields: { key: string; at: number; from: number }[] = [];
  for (const match of text.matchAll(KEY)) {
    const key = match[1] ?? '';
    if (KNOWN.has(key)) fields.push({ key, at: match.index, from: match.index + match[0].length });
  }
  const values = new Map<string, string>();
  let ambiguous = false;
  fields.forEach(({ key, from }, index) => {
    const value = text.slice(from, fields[index + 1]?.at);
    const before = values.get(key);
    // The default webhook writes the level twice, first in capitals.
    if (before !== undefined && before.toLowerCase() !== value.toLowerCase()) ambiguous = true;
    if (before === undefined || !FIRST_COUNTS.has(key)) values.set(key, value);
  });
  const record = Object.fromEntries([...values].map(([key, value]) => [key, LISTS.has(key) ? listOf(value) : value]));
  return { record, ambiguous };
}

function listOf(value: string): string[] {
  return value
    .replace(/^\[/, '')
    .replace(/\]$/, '')
    .split(' ')
    .filter((item) => item !== '');
}
