import { connect } from 'node:net';

const METADATA_API_KEY = 3;
const METADATA_VERSION = 1;
const PROBE_TIMEOUT_MS = 2_000;

/**
 * Asks for the cluster's metadata in the bare protocol, so that no client library is trusted to say that the broker
 * is up. True when at least one broker is listed: the port opens before the broker is unfenced, and is not enough.
 */
export async function brokerAnswers(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    let received = Buffer.alloc(0);
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () => end(false));
    socket.on('error', () => end(false));
    socket.on('close', () => resolve(false));
    socket.on('connect', () => socket.write(metadataRequest()));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      // Size, correlation id, then the number of brokers.
      if (received.length >= 12) end(received.readInt32BE(8) > 0);
    });
  });
}

function metadataRequest(): Buffer {
  const clientId = Buffer.from('tocsin-probe');
  const body = Buffer.alloc(10 + clientId.length + 4);
  body.writeInt16BE(METADATA_API_KEY, 0);
  body.writeInt16BE(METADATA_VERSION, 2);
  body.writeInt32BE(1, 4);
  body.writeInt16BE(clientId.length, 8);
  clientId.copy(body, 10);
  // No topics: in version 1 an empty list means none.
  body.writeInt32BE(0, 10 + clientId.length);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}
