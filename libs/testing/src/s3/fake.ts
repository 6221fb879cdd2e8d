import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Put {
  path: string;
  checksum: string | undefined;
  ifNoneMatch: string | undefined;
  lockMode: string | undefined;
  lockUntil: string | undefined;
  signed: boolean;
}

/**
 * S3 as far as PutObject, GetObject and DeleteObject go, with conditional writes and checksums, in path style;
 * https://docs.aws.amazon.com/AmazonS3/latest/API/
 */
export class FakeS3 {
  readonly url: string;
  readonly puts: Put[] = [];
  /** So many requests are answered with 503 SlowDown. */
  busy = 0;
  /** Objects are given out with a byte changed. */
  damage = false;
  readonly #objects = new Map<string, Buffer>();
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#take(request, response));
  }

  static async start(): Promise<FakeS3> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeS3(server);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = new URL(request.url ?? '', this.url).pathname;
    if (this.busy > 0) {
      this.busy -= 1;
      refuse(response, 503, 'SlowDown');
      return;
    }
    const signed = /^AWS4-HMAC-SHA256 Credential=/.test(request.headers.authorization ?? '');
    if (!signed) refuse(response, 403, 'AccessDenied');
    else if (request.method === 'PUT') this.#put(path, bodyOf(request, Buffer.concat(chunks)), request, response);
    else if (request.method === 'GET') this.#get(path, response);
    else if (request.method === 'DELETE') {
      this.#objects.delete(path);
      response.writeHead(204).end();
    } else refuse(response, 405, 'MethodNotAllowed');
  }

  #put(path: string, body: Buffer, { headers }: IncomingMessage, response: ServerResponse): void {
    const header = (name: string): string | undefined => headers[name]?.toString();
    const checksum = header('x-amz-checksum-sha256');
    const put = { path, checksum, ifNoneMatch: header('if-none-match'), lockMode: header('x-amz-object-lock-mode') };
    this.puts.push({ ...put, lockUntil: header('x-amz-object-lock-retain-until-date'), signed: true });
    if (checksum !== undefined && checksum !== base64Of(body)) return refuse(response, 400, 'BadDigest');
    if (put.ifNoneMatch === '*' && this.#objects.has(path)) return refuse(response, 412, 'PreconditionFailed');
    this.#objects.set(path, body);
    response.writeHead(200, { etag: '"1"' }).end();
  }

  #get(path: string, response: ServerResponse): void {
    const found = this.#objects.get(path);
    if (found === undefined) return refuse(response, 404, 'NoSuchKey');
    const sent = Buffer.from(found);
    if (this.damage && sent.byteLength > 0) sent.writeUInt8(sent.readUInt8(0) ^ 0xff, 0);
    response.writeHead(200, { 'x-amz-checksum-sha256': base64Of(found), 'content-length': sent.byteLength }).end(sent);
  }
}

/** Bodies may come in signed chunks; https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html */
function bodyOf({ headers }: IncomingMessage, body: Buffer): Buffer {
  if (!(headers['content-encoding'] ?? '').includes('aws-chunked')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, end).toString('latin1'), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function base64Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('base64');
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
