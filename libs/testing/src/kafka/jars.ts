import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const KAFKA_VERSION = '4.4.0';
/** MUST be the version of slf4j-api that Kafka brings: another one logs nothing and complains at every start. */
const SLF4J_VERSION = '1.7.36';
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

const POM = `<project><modelVersion>4.0.0</modelVersion>
 <groupId>dev.tocsin</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
 <dependencies>
  <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
  <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>${SLF4J_VERSION}</version></dependency>
 </dependencies></project>
`;

export function kafkaLibDirectory(): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'tocsin', `kafka-${KAFKA_VERSION}`, 'lib');
}

/** True when the jars were fetched by an earlier run, so that Maven and the network are not needed. */
export function kafkaJarsCached(): boolean {
  return existsSync(kafkaLibDirectory());
}

/**
 * Fetches Apache Kafka from Maven Central into the cache, once. Safe when several processes call it at once: each
 * fills a directory of its own and renames it into place, the first wins, and nobody ever sees half a directory.
 */
export async function ensureKafkaJars(): Promise<string> {
  const lib = kafkaLibDirectory();
  if (existsSync(lib)) return lib;
  await mkdir(dirname(lib), { recursive: true });
  const work = await mkdtemp(join(dirname(lib), 'fetch-'));
  try {
    await writeFile(join(work, 'pom.xml'), POM);
    const filled = join(work, 'lib');
    await promisify(execFile)('mvn', ['-q', '-B', COPY_DEPENDENCIES, '-DincludeScope=runtime', `-DoutputDirectory=${filled}`], {
      cwd: work,
      maxBuffer: 16 * 1024 * 1024,
    }).catch((cause: unknown) => {
      throw new Error(`Cannot fetch Kafka ${KAFKA_VERSION} by Maven; see the cause, or set KAFKA_BROKERS to a running broker.`, { cause });
    });
    await requireBroker(filled);
    await rename(filled, lib).catch((error: unknown) => {
      if (!existsSync(lib)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return lib;
}

async function requireBroker(lib: string): Promise<void> {
  const jars = await readdir(lib);
  if (!jars.includes(`kafka_2.13-${KAFKA_VERSION}.jar`) || !jars.includes(`slf4j-api-${SLF4J_VERSION}.jar`)) {
    throw new Error(`Maven fetched ${jars.length} jars, but not Kafka ${KAFKA_VERSION} with slf4j-api ${SLF4J_VERSION}.`);
  }
}
