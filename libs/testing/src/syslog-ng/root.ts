import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's package, installed, or unpacked there: it cannot be installed beside rsyslog. */
const ROOTS = ['/', '/opt/syslog-ng'];

/** Where syslog-ng is; undefined when it is nowhere. */
export function syslogNgRoot(): string | undefined {
  return ROOTS.find((root) => existsSync(join(root, 'usr/sbin/syslog-ng')));
}
