import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that tests start, by the Debian package that has them; some packages would start a daemon, so these are unpacked below /opt. */
const PROGRAMS = {
  chromium: { names: ['chromium', 'google-chrome'], package: 'chromium' },
  alertmanager: { names: ['prometheus-alertmanager', 'alertmanager'], package: 'prometheus-alertmanager', unpacked: '/opt/alertmanager/usr/bin' },
  prometheus: { names: ['prometheus'], package: 'prometheus', unpacked: '/opt/prometheus/usr/bin' },
  promtool: { names: ['promtool'], package: 'prometheus', unpacked: '/opt/prometheus/usr/bin' },
  exim: { names: ['exim4', 'exim'], package: 'exim4-daemon-light', unpacked: '/opt/exim/usr/sbin' },
} as const satisfies Record<string, { names: readonly string[]; package: string; unpacked?: string }>;

export type Program = keyof typeof PROGRAMS;

/** Its path; undefined where it is not on this machine. */
export function findProgram(program: Program): string | undefined {
  const known: { names: readonly string[]; unpacked?: string } = PROGRAMS[program];
  return onPath(known.names, known.unpacked === undefined ? [] : [known.unpacked]);
}

/** Why it cannot be had, as a clause; undefined when it can. */
export function missingProgram(program: Program): string | undefined {
  if (findProgram(program) !== undefined) return undefined;
  const known: { names: readonly string[]; package: string; unpacked?: string } = PROGRAMS[program];
  const place = known.unpacked === undefined ? '' : `, which may be unpacked so that ${known.unpacked} is there`;
  return `${known.names[0]} is not on the PATH (on Debian: the package ${known.package}${place})`;
}

/** The path of the first that is there. Daemons stand in /usr/sbin, which is not on everybody's PATH. */
export function onPath(names: readonly string[], more: readonly string[] = []): string | undefined {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', ...more];
  return names.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
