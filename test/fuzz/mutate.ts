/** What breaks programs: bounds of numbers, names of prototypes, half characters, what other languages are made of. */
const HOSTILE_TEXTS = [
  '',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '\u0000',
  '\ud800',
  '\udfff\ud800',
  '\u2028',
  '\ufeff',
  'e\u0301'.repeat(40),
  '\r\n',
  '%s%n%x',
  '${7*7}',
  '{{7*7}}',
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  "' or 1=1 --",
  'a'.repeat(300),
  'A'.repeat(70_000),
  '='.repeat(500),
  '\\'.repeat(501),
  ' '.repeat(2_000),
  '1970-01-01T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '9999-99-99T99:99:99.999999999Z',
];
const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  Infinity,
  1e308,
  Number.MAX_SAFE_INTEGER,
  -1e300,
  5e-324,
  0.1,
  [],
  {},
  [[]],
  [null],
  ...HOSTILE_TEXTS,
];
const DEEP = 2_000;
const MAX_BYTES = 256 * 1024;

/** Makes inputs of inputs, by a seeded source of chance. */
export class Mutator {
  readonly #random: () => number;
  readonly #words: readonly string[];

  constructor(random: () => number, words: readonly string[]) {
    this.#random = random;
    this.#words = words.length > 0 ? words : HOSTILE_TEXTS;
  }

  /** One input made of one of the corpus, at times crossed with another. */
  next(corpus: readonly Buffer[]): Buffer {
    const base = this.#pick(corpus);
    let input = this.#random() < 0.5 ? (this.#json(base, corpus) ?? this.#text(base, corpus)) : this.#text(base, corpus);
    for (let more = 0; more < 4 && this.#random() < 0.4; more++) input = this.#text(input, corpus);
    return input.subarray(0, MAX_BYTES);
  }

  /** Changes the document that the text is; undefined when it is none. */
  #json(base: Buffer, corpus: readonly Buffer[]): Buffer | undefined {
    let document: unknown;
    try {
      document = JSON.parse(base.toString());
    } catch {
      return undefined;
    }
    const times = 1 + this.#below(4);
    for (let time = 0; time < times; time++) document = this.#changed(document, corpus, 0);
    const text = JSON.stringify(document) ?? 'null';
    // JSON may name a key twice, which no object can.
    return Buffer.from(this.#random() < 0.1 ? text.replace('{', `{"${this.#word()}":1,`) : text);
  }

  #changed(value: unknown, corpus: readonly Buffer[], depth: number): unknown {
    const goOn = depth < 8 && this.#random() < 0.8;
    if (Array.isArray(value) && value.length > 0 && goOn) {
      const at = this.#below(value.length);
      const chance = this.#random();
      if (chance < 0.1) return value.toSpliced(at, 1);
      if (chance < 0.2) return [...value, ...(value as unknown[])].slice(0, 200);
      return value.with(at, this.#changed(value[at], corpus, depth + 1));
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && goOn) {
      const entries = Object.entries(value);
      const at = this.#below(entries.length + 1);
      const entry = entries[at];
      if (entry === undefined) return Object.fromEntries([...entries, [this.#word(), this.#value()]]);
      const chance = this.#random();
      if (chance < 0.1) return Object.fromEntries(entries.toSpliced(at, 1));
      if (chance < 0.2) return Object.fromEntries(entries.with(at, [this.#word(), entry[1]]));
      return Object.fromEntries(entries.with(at, [entry[0], this.#changed(entry[1], corpus, depth + 1)]));
    }
    if (typeof value === 'string' && this.#random() < 0.5) return this.#text(Buffer.from(value), corpus).toString();
    return this.#value();
  }

  #text(base: Buffer, corpus: readonly Buffer[]): Buffer {
    const at = this.#below(base.length + 1);
    const end = Math.min(base.length, at + this.#below(1 + this.#below(64)));
    const [head, middle, tail] = [base.subarray(0, at), base.subarray(at, end), base.subarray(end)];
    switch (this.#below(9)) {
      case 0:
        return Buffer.concat([head, tail]);
      case 1:
        return Buffer.concat([head, Buffer.from(this.#word()), tail]);
      case 2:
        return Buffer.concat([head, Buffer.from([this.#below(256)]), tail]);
      case 3: {
        const other = this.#pick(corpus);
        return Buffer.concat([head, other.subarray(this.#below(other.length + 1))]);
      }
      case 4: {
        const times = this.#random() < 0.02 ? Math.ceil(MAX_BYTES / (middle.length + 1)) : this.#below(40);
        return Buffer.concat([head, ...Array.from({ length: times }, () => middle), tail]);
      }
      case 5:
        return Buffer.concat([head, middle.map((byte) => byte ^ (1 << this.#below(8))), tail]);
      case 6:
        return Buffer.concat([head, Buffer.from(JSON.stringify(this.#value()) ?? ''), tail]);
      case 7: {
        const [open, close] = this.#pick([
          ['[', ']'],
          ['{"a":', '}'],
          ['(', ')'],
          ['!(', ')'],
          ['- ', ''],
          ['? ', ''],
          ['&a [*a,', ']'],
        ] as const);
        const depth = this.#random() < 0.1 ? DEEP : this.#below(80);
        return Buffer.concat([head, Buffer.from(open.repeat(depth)), middle, Buffer.from(close.repeat(depth)), tail]);
      }
      default:
        return head;
    }
  }

  #value(): unknown {
    return this.#random() < 0.3 ? this.#word() : this.#pick(HOSTILE_VALUES);
  }

  #word(): string {
    return this.#random() < 0.7 ? this.#pick(this.#words) : this.#pick(HOSTILE_TEXTS);
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
