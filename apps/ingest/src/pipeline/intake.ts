import { describeKnown } from '@tocsin/extension';
import { LogUnavailable } from '@tocsin/event-log';
import { BEARER_CHALLENGE, type Clock, type Logger } from '@tocsin/runtime';
import { STATUS_CODES } from 'node:http';
import type { IngestMetrics } from '../metrics.js';
import { BadInput, type Decoder, type ItemLimits, type Received, type Source } from '../sources/source.js';
import type { Authenticate } from './authenticate.js';
import { decodeBody } from './decode.js';
import { decompress } from './decompress.js';
import { keep, type KeepDeps, type Kept } from './keep.js';
import { InFlight, TokenBucket } from './limit.js';

export interface IntakeRequest {
  source: string;
  /** Lower-cased names. */
  headers: Readonly<Record<string, string | undefined>>;
  query: { token?: string | undefined; mapping?: string | undefined };
  body: Buffer;
}

/** `body` is JSON; from 400 on it is problem details (RFC 9457). */
export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body: Readonly<Record<string, unknown>>;
}

export interface IntakeLimits extends ItemLimits {
  maxBodyBytes: number;
  maxInFlightBytes: number;
  itemsPerSecond: number;
  burst: number;
}

export interface IntakeDeps extends KeepDeps {
  sources: ReadonlyMap<string, { source: Source; decoder: Decoder }>;
  authenticate: Authenticate;
  limits: IntakeLimits;
  cluster: string;
  logger: Logger;
  clock: Clock;
  metrics: IngestMetrics;
}

/** How long a sender should wait while the log or this process is overloaded. */
const RETRY_AFTER_SECONDS = 5;

/** What an HTTP request goes through; it answers every outcome and rejects for nothing that can be foreseen. */
export class Intake {
  readonly #deps: IntakeDeps;
  readonly #inFlight: InFlight;
  readonly #buckets: ReadonlyMap<string, TokenBucket>;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
    this.#inFlight = new InFlight(deps.limits.maxInFlightBytes);
    const { itemsPerSecond, burst } = deps.limits;
    this.#buckets = new Map([...deps.sources.keys()].map((type) => [type, new TokenBucket(itemsPerSecond, burst, deps.clock.now())]));
  }

  async accept(request: IntakeRequest): Promise<Answer> {
    const answer = await this.#accept(request);
    const source = this.#deps.sources.has(request.source) ? request.source : 'unknown';
    this.#deps.metrics.requests.inc({ source, code: String(answer.status) });
    return answer;
  }

  async #accept(request: IntakeRequest): Promise<Answer> {
    const { sources, limits, metrics, clock } = this.#deps;
    const known = sources.get(request.source);
    const bucket = this.#buckets.get(request.source);
    if (known === undefined || bucket === undefined) {
      return problem(404, `There is no source "${request.source.slice(0, 64)}"; ${describeKnown(request.source.slice(0, 64), [...sources.keys()])}.`);
    }
    const refusal = this.#deps.authenticate(
      request.source,
      request.headers['authorization'],
      known.source.tokenInQuery ? request.query.token : undefined,
    );
    if (refusal !== undefined) return problem(401, `${upperFirst(refusal)}.`, {}, BEARER_CHALLENGE);
    // Without a token, loopback is all the protection there is, and any web page can make a browser post to loopback.
    if (request.headers['authorization'] === undefined && request.query.token === undefined && request.headers['origin'] !== undefined) {
      return problem(403, 'Requests of web pages are not taken without a token.');
    }
    const contentType = mediaType(request.headers['content-type']);
    const binaryEvent = request.headers['ce-specversion'] !== undefined;
    if (contentType !== '' && !binaryEvent && !known.source.contentTypes.includes(contentType)) {
      const accepted = [...known.source.contentTypes];
      return problem(415, `The content type "${contentType.slice(0, 100)}" is not taken; accepted: ${accepted.join(', ')}.`, { accepted });
    }
    if (request.body.length > limits.maxBodyBytes) {
      return problem(413, `The body has ${request.body.length} bytes, at most ${limits.maxBodyBytes} are taken; send smaller batches.`);
    }
    const waitMs = bucket.waitMs(clock.now());
    if (waitMs > 0) return problem(429, 'This source sends more than its rate allows.', {}, retryAfter(Math.ceil(waitMs / 1_000)));
    const leave = this.#inFlight.enter(request.body.length);
    if (leave === undefined) return problem(503, 'Too many bytes are in flight.', {}, retryAfter(RETRY_AFTER_SECONDS));
    metrics.inFlightBytes.set(this.#inFlight.bytes);
    try {
      return await this.#process(request, known.decoder, bucket, contentType);
    } finally {
      leave();
      metrics.inFlightBytes.set(this.#inFlight.bytes);
    }
  }

  async #process(request: IntakeRequest, decoder: Decoder, bucket: TokenBucket, contentType: string): Promise<Answer> {
    const { limits, metrics, logger } = this.#deps;
    const unpacked = await decompress(request.body, request.headers['content-encoding'], limits.maxBodyBytes);
    if (!unpacked.ok) return problem(unpacked.status, `${upperFirst(unpacked.detail)}.`);

    const received = this.#received(request, contentType);
    const stopTimer = metrics.decodeSeconds.startTimer({ source: request.source });
    const entries = decodeBody(decoder, unpacked.body, received, (error) => {
      logger.error({ err: error, source: request.source }, 'A source adapter failed on its input.');
    });
    stopTimer();
    bucket.charge(entries.length);
    const [first] = entries;
    // Too many items: the sender holds them still and is told to send less, so they are not kept as dead letters.
    if (entries.length === 1 && first instanceof BadInput && first.reason === 'too_large') return problem(413, `The body ${first.message}.`);

    try {
      return toAnswer(
        await keep(
          this.#deps,
          request.source,
          entries.map((entry) => ({ entry, sent: received })),
          traceparent(request.headers['traceparent']),
        ),
      );
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error;
      logger.debug({ err: error }, 'The log did not take a request.');
      return problem(503, 'The event log does not take events at the moment; nothing was accepted, send again.', {}, retryAfter(RETRY_AFTER_SECONDS));
    }
  }

  #received(request: IntakeRequest, contentType: string): Received {
    const headers = Object.entries(request.headers).filter(
      (entry): entry is [string, string] => entry[0].startsWith('ce-') && entry[1] !== undefined,
    );
    return {
      timeMs: this.#deps.clock.now(),
      contentType,
      headers: Object.fromEntries(headers),
      cluster: this.#deps.cluster,
      ...(request.query.mapping === undefined ? {} : { mapping: request.query.mapping }),
      limits: this.#deps.limits,
    };
  }
}

/** One bad item does not refuse the others: a sender that sends all again would make it worse. */
function toAnswer({ ids, duplicates, rejected }: Kept): Answer {
  const items = rejected.map(({ index, field, message }) => ({ index, field, message }));
  if (ids.length > 0) return { status: 200, body: { accepted: ids.length, duplicates, ids, rejected: items } };
  const [first] = items;
  const where =
    first === undefined ? '' : `${first.field === '' ? `Item ${first.index}` : `"${first.field}" of item ${first.index}`} ${first.message}`;
  const more = items.length > 1 ? ` (and ${items.length - 1} more)` : '';
  return problem(400, `${where}${more}. The bytes are kept in the dead letters.`, { rejected: items });
}

function problem(status: number, detail: string, members: Record<string, unknown> = {}, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...members } };
}

function retryAfter(seconds: number): Record<string, string> {
  return { 'retry-after': String(seconds) };
}

function mediaType(header: string | undefined): string {
  return (header ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** W3C Trace Context; anything else does not go onto the log. */
function traceparent(header: string | undefined): string | undefined {
  return header !== undefined && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(header) ? header : undefined;
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
