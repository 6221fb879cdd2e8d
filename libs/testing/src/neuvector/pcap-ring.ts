/** `tcpdump -C 2`: millions of bytes, looked at before each packet. */
const FILE_BYTES = 2_000_000;
export const PCAP_HEADER_BYTES = 24;
/** LINKTYPE_LINUX_SLL: `-i any` gives cooked packets. */
const LINKTYPE = 113;

/** The files of one capture; when all are full the oldest is overwritten (`-W n`). */
export class PcapRing {
  readonly #most: number;
  /** The oldest first. */
  #files: Buffer[][] = [[header()]];

  constructor(most: number) {
    this.#most = Math.max(1, most);
  }

  get files(): number {
    return this.#files.length;
  }

  get bytes(): number {
    return this.#files.reduce((sum, file) => sum + bytesOf(file), 0);
  }

  write(packet: Buffer, seconds: number): void {
    let last = this.#files.at(-1) as Buffer[];
    if (bytesOf(last) > FILE_BYTES) {
      last = [header()];
      this.#files = [...this.#files, last].slice(-this.#most);
    }
    const record = Buffer.alloc(16);
    record.writeUInt32LE(seconds, 0);
    record.writeUInt32LE(packet.byteLength, 8);
    record.writeUInt32LE(packet.byteLength, 12);
    last.push(record, packet);
  }

  /** One file of all, as the controller puts them together: whole files, until there is enough. */
  read(limit: number): Buffer {
    const parts: Buffer[] = [];
    let bytes = 0;
    for (const file of this.#files) {
      const whole = Buffer.concat(file).subarray(parts.length === 0 ? 0 : PCAP_HEADER_BYTES);
      parts.push(whole);
      bytes += whole.byteLength;
      if (bytes >= limit) break;
    }
    return Buffer.concat(parts);
  }
}

function bytesOf(file: readonly Buffer[]): number {
  return file.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-06.html */
function header(): Buffer {
  const bytes = Buffer.alloc(PCAP_HEADER_BYTES);
  bytes.writeUInt32LE(0xa1b2c3d4, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(262_144, 16);
  bytes.writeUInt32LE(LINKTYPE, 20);
  return bytes;
}
