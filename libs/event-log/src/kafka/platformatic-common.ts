/** What the producer and the group member on @platformatic/kafka have in common: settings, and errors made plain. */
import { type Base, type ConnectionOptions, GenericError, MultipleErrors, SASLMechanisms } from '@platformatic/kafka';
import { LogUnavailable, UnknownTopic } from '../errors.js';
import { brokerTakesLess, type ClientConfig } from './client.js';

/** Metadata is refreshed when it proves wrong; this only bounds how long a new broker goes unnoticed. */
const METADATA_MAX_AGE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;

const SASL_MECHANISM = {
  plain: SASLMechanisms.PLAIN,
  'scram-sha-256': SASLMechanisms.SCRAM_SHA_256,
  'scram-sha-512': SASLMechanisms.SCRAM_SHA_512,
} as const;

export function commonOptions(config: ClientConfig): ConnectionOptions & { clientId: string; bootstrapBrokers: string[]; metadataMaxAge: number } {
  return {
    clientId: config.clientId,
    bootstrapBrokers: [...config.brokers],
    metadataMaxAge: METADATA_MAX_AGE_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...(config.ssl === false ? {} : { tls: config.ssl === true ? {} : config.ssl, tlsServerName: true }),
    ...(config.sasl === undefined ? {} : { sasl: { ...config.sasl, mechanism: SASL_MECHANISM[config.sasl.mechanism] } }),
  };
}

export async function closeQuietly(client: Base): Promise<void> {
  // A client whose broker is gone has nothing left to say goodbye to.
  await client.close().catch(() => undefined);
}

export function hasApiId(error: unknown, ...ids: string[]): boolean {
  return allErrors(error).some((one) => ids.includes(String(Reflect.get(one, 'apiId'))));
}

export function mapError(error: unknown, topic: string): Error {
  if (hasApiId(error, 'UNKNOWN_TOPIC_OR_PARTITION') || allErrors(error).some(({ message }) => message.startsWith('Unknown topic '))) {
    return new UnknownTopic(topic, { cause: error });
  }
  if (hasApiId(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')) return brokerTakesLess(topic, error);
  return new LogUnavailable(`Kafka is not available: ${messageOf(error)}`, { cause: error });
}

function messageOf(error: unknown): string {
  return [...new Set(allErrors(error).map(({ message }) => message))].slice(0, 3).join(' ');
}

/** The library nests its errors: what the broker said is a leaf. */
function allErrors(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const nested = error instanceof MultipleErrors ? error.errors : [];
  const cause = error instanceof GenericError && error.cause !== undefined ? [error.cause] : [];
  return [error, ...[...nested, ...cause].flatMap(allErrors)];
}
