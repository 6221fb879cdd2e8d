import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts, guardAgainstOrphans, tail } from '../child-process.js';
import { ensureKafkaJars } from './jars.js';
import { brokerAnswers } from './ready.js';

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 90_000;
const POLL_MS = 50;
/** A port taken by bind(0) can be lost to another process before the broker binds it. */
const PORT_ATTEMPTS = 3;
const JVM = ['-Xms96m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

/**
 * One Apache Kafka broker, controller included, on 127.0.0.1. States: running (start resolved) and down (after stop
 * or kill); ports and data outlive both, close() forgets everything.
 */
export interface KafkaBroker {
  readonly brokers: string;
  /** Of the Java process; undefined while it is down. */
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** Orderly: the broker says goodbye to its clients. */
  stop(): Promise<void>;
  /** As a power cut: SIGKILL. */
  kill(): Promise<void>;
  /** stop, then start on the same port and data. */
  restart(): Promise<void>;
  /** Ends the process and removes its data. Callable twice. */
  close(): Promise<void>;
}

export interface KafkaBrokerOptions {
  /** Lines added to server.properties; they win over the defaults here. */
  properties?: Readonly<Record<string, string>>;
  /** A directory that goes when the broker does, also when this process crashes. */
  removeWithBroker?: string;
}

/** Starts a broker of the caller's own: for tests that stop it. Others share one by `sharedKafka`. */
export async function startKafka(options: KafkaBrokerOptions = {}): Promise<KafkaBroker> {
  const lib = await ensureKafkaJars();
  let failure: unknown;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const broker = await createBroker(lib, options);
    try {
      await broker.start();
      return broker;
    } catch (error) {
      failure = error;
      await broker.close();
    }
  }
  throw failure;
}

async function createBroker(lib: string, options: KafkaBrokerOptions): Promise<KafkaBroker> {
  const [port, controllerPort] = await freePorts(2);
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-kafka-'));
  const propertiesFile = join(directory, 'server.properties');
  const logFile = join(directory, 'server.log');
  await writeFile(propertiesFile, serverProperties(port!, controllerPort!, join(directory, 'data'), options));
  await format(lib, propertiesFile);
  let running: { java: ChildProcess; guard: ChildProcess } | undefined;

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!running) return;
    const { java } = running;
    const exited = once(java, 'exit');
    if (java.exitCode === null && java.signalCode === null) {
      java.ref();
      java.kill(signal);
      await exited;
    }
    running = undefined;
  }

  const broker: KafkaBroker = {
    brokers: `${HOST}:${port}`,
    get pid() {
      return running?.java.pid;
    },
    async start() {
      if (running) return;
      const log = openSync(logFile, 'a');
      const java = spawn('java', [...JVM, '-cp', join(lib, '*'), 'kafka.Kafka', propertiesFile], { stdio: ['ignore', log, log] });
      closeSync(log);
      const started = {
        java,
        guard: guardAgainstOrphans(java.pid ?? 0, [directory, ...(options.removeWithBroker ? [options.removeWithBroker] : [])]),
      };
      running = started;
      java.once('exit', () => {
        started.guard.kill();
        if (running === started) running = undefined;
      });
      // Neither may keep the test process alive: the guard ends the broker when that process goes.
      java.unref();
      const deadline = Date.now() + START_TIMEOUT_MS;
      while (!(await brokerAnswers(HOST, port!))) {
        if (running !== started) throw new Error(`Kafka ended while starting:\n${await tail(logFile)}`);
        if (Date.now() > deadline) throw new Error(`Kafka did not answer within ${START_TIMEOUT_MS} ms:\n${await tail(logFile)}`);
        await delay(POLL_MS);
      }
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart() {
      await broker.stop();
      await broker.start();
    },
    async close() {
      await end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
  return broker;
}

async function format(lib: string, propertiesFile: string): Promise<void> {
  // Any 16 bytes in base64url will do for a cluster id.
  const clusterId = 'dG9jc2luLXRlc3RzLTAwMQ';
  await promisify(execFile)('java', [...JVM, '-cp', join(lib, '*'), 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile]);
}

function serverProperties(port: number, controllerPort: number, data: string, options: KafkaBrokerOptions): string {
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${HOST}:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${HOST}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    'num.network.threads': '2',
    'num.io.threads': '2',
    // A killed broker may only come back when the controller has given up on its former life.
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '500',
    'group.initial.rebalance.delay.ms': '0',
    // A test that kills a member cannot wait the broker's usual 6 s for the shortest session.
    'group.min.session.timeout.ms': '1000',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // The default buffer of 128 MB does not fit the heap.
    'log.cleaner.dedupe.buffer.size': '2097152',
    ...options.properties,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
