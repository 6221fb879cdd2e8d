import type { Violation } from '@tocsin/domain';
import type { Choice } from './base.js';

const IP: Choice = [2, 'IP Address'];
const HOSTNAME: Choice = [1, 'Hostname'];
const USER: Choice = [4, 'User Name'];
const PROCESS: Choice = [9, 'Process Name'];
const COMMAND: Choice = [13, 'Command Line'];
const FILE: Choice = [45, 'File Path'];
const RESOURCE: Choice = [38, 'Resource Details Object: name'];

/** What people search for, each with the place in the event where it stands. */
export function observablesOf(violation: Violation): object[] {
  const { src_endpoint: source, dst_endpoint: destination, user, process, file, workload, pod } = violation;
  const found: [Choice, string, string | undefined][] = [
    [IP, 'evidences[0].src_endpoint.ip', source?.ip],
    [IP, 'evidences[0].dst_endpoint.ip', destination?.ip],
    [HOSTNAME, 'evidences[0].dst_endpoint.hostname', destination?.hostname],
    [USER, 'evidences[0].user.name', user?.name],
    [PROCESS, 'evidences[0].process.name', process?.name],
    [COMMAND, 'evidences[0].process.cmd_line', process?.cmd_line],
    [FILE, 'evidences[0].file.path', file?.path],
    [RESOURCE, 'resources[].name', workload.name],
    [RESOURCE, 'resources[].name', pod?.name],
  ];
  return found.flatMap(([[typeId, type], name, value]) => (value === undefined ? [] : [{ type_id: typeId, type, name, value }]));
}
