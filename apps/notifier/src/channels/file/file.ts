import { duration } from '@tocsin/extension';
import { z } from 'zod';
import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { oneLine } from '../../formats/text.js';
import { RotatingFile } from './rotating-file.js';

const fileConfig = z.strictObject({
  /** Its directory must exist. */
  path: z.string().min(1),
  /** A new file is begun when it would be larger, in bytes. */
  maxBytes: z
    .number()
    .int()
    .min(1_024)
    .default(100 * 1024 * 1024),
  /** Or when it is older. */
  maxAge: duration.prefault('1d'),
  /** How many files are kept beside the one that is written; the oldest go first. */
  keep: z.number().int().min(0).max(10_000).default(10),
});
type FileConfig = z.infer<typeof fileConfig>;

/** Lines of JSON in a file that rotates, on the disk before they count as delivered. */
export const file: ChannelKind<FileConfig> = {
  type: 'file',
  summary: 'Appends lines of JSON to a file that rotates.',
  takesFormat: true,
  config: fileConfig,
  create: (config, deps) => new FileChannel(config, deps),
};

class FileChannel implements Channel {
  readonly takes = 'stream';
  readonly contentOnly = true;
  readonly #file: RotatingFile;
  readonly #path: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(config: FileConfig, deps: ChannelDeps) {
    this.#path = config.path;
    this.#file = new RotatingFile(config, () => deps.now());
  }

  /** Calls of several partitions write one after another. */
  send(batch: readonly Delivery[]): Promise<Outcome[]> {
    const writing = this.#turn.then(() => this.#write(batch));
    this.#turn = writing;
    return writing;
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#file.close();
  }

  async #write(batch: readonly Delivery[]): Promise<Outcome[]> {
    try {
      await this.#file.append(batch.map(lineOf));
      return batch.map(() => ({ ok: true }));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // A full disk, a directory that is not there: somebody will mend it.
      const outcome: Outcome = { ok: false, retry: true, reason: 'config', message: `${this.#path}: ${code ?? message}` };
      return batch.map(() => outcome);
    }
  }
}

/** What was delivered around the event as the format writes it: JSON as JSON, all else as text on one line. */
function lineOf({ id, subscription, event, content }: Delivery): string {
  const head = JSON.stringify({ delivery: id, subscription, type: event.type, time: event.time });
  const text = content.body.toString('utf8');
  const data = /[/+]json\b/.test(content.mediaType) ? `"data":${onOneLine(text)}` : `"text":${JSON.stringify(oneLine(text))}`;
  return `${head.slice(0, -1)},${data}}\n`;
}

/** Line ends stand between the parts of JSON, never within a text. */
function onOneLine(json: string): string {
  return json.includes('\n') || json.includes('\r') ? JSON.stringify(JSON.parse(json)) : json;
}
