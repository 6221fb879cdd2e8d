import { ruleKindRegistry } from '@tocsin/correlator/policies';
import { ConfigErrors, describeKnown, parseYamlDocuments } from '@tocsin/extension';
import { parsePolicies } from '@tocsin/policy';
import { compileCorrelation, type Referred } from './correlation.js';
import { compileDetection } from './detection.js';
import { listOf, mapOf, readDocument, textOf, type SigmaDocument } from './document.js';
import { LOST, all, toCel, type Expression } from './expression.js';
import { KNOWN_SOURCES, sourceOf, type Source } from './fields.js';
import { describe } from './metadata.js';
import { comments, writeRule } from './write.js';

export interface ConvertOptions {
  /** Case makes a difference, though Sigma says that it does not. */
  cased: boolean;
}

/** What came of one document of Sigma. */
export interface Converted {
  source: SigmaDocument;
  /** A document of Tocsin, or comments that say why there is none. */
  text: string;
  outcome: 'in force' | 'not in force' | 'none';
}

/** Converts the documents of all files together, since they refer to one another. Throws `ConfigErrors` where they are no YAML. */
export function convertSigma(files: readonly { file: string; text: string }[], options: ConvertOptions): Converted[] {
  const taken = new Set<string>();
  const documents = files.flatMap(({ file, text }) => parseYamlDocuments(text, file)).map((doc) => readDocument(doc, taken));
  return new Conversion(documents, options).run();
}

/** Rules of these states are not to be used any more. */
const RETIRED: readonly string[] = ['deprecated', 'unsupported'];

class Conversion {
  readonly #documents: readonly SigmaDocument[];
  readonly #options: ConvertOptions;
  readonly #byReference: ReadonlyMap<string, SigmaDocument>;
  readonly #blocks: ReadonlySet<SigmaDocument>;
  readonly #done = new Map<SigmaDocument, Converted>();

  constructor(documents: readonly SigmaDocument[], options: ConvertOptions) {
    this.#documents = documents;
    this.#options = options;
    this.#byReference = new Map(documents.flatMap((document) => document.names.map((name) => [name, document])));
    this.#blocks = new Set(documents.flatMap((document) => (generates(document) ? [] : this.#referredBy(document))));
  }

  run(): Converted[] {
    return this.#documents.flatMap((document) => (document.kind === 'filter' ? this.#filterAlone(document) : [this.#convert(document, [])]));
  }

  #referredBy(document: SigmaDocument): SigmaDocument[] {
    if (document.kind !== 'correlation') return [];
    return listOf(mapOf(document.value, 'correlation'), 'rules').flatMap((reference) => this.#byReference.get(reference) ?? []);
  }

  /** `below` are the correlations that lead here. */
  #convert(source: SigmaDocument, below: readonly SigmaDocument[]): Converted {
    const known = this.#done.get(source);
    if (known !== undefined) return known;
    const own = source.kind === 'correlation' ? this.#correlation(source, below) : this.#detection(source);
    const converted = own === undefined ? nothing(source) : this.#write(source, own);
    this.#done.set(source, converted);
    return converted;
  }

  #detection(source: SigmaDocument): Record<string, unknown> | undefined {
    if (source.kind !== 'detection') return undefined;
    const logSource = sourceIn(source);
    if (logSource === undefined) source.remarks.lost(['logsource'], `is like nothing among violations; known: ${KNOWN_SOURCES}`);
    const detection = this.#expression(source, 'detection', logSource);
    const filters = this.#documents.filter((document) => document.kind === 'filter' && this.#isFor(document, source));
    const tuned = filters.map((filter) => this.#filter(filter, source));
    // Without any of its searches, what is left would match everything.
    return { kind: 'single', filter: toCel(detection.op === 'lost' ? LOST : all([...scope(logSource), detection, ...tuned])) };
  }

  #expression(source: SigmaDocument, key: 'detection' | 'filter', logSource: Source | undefined): Expression {
    return compileDetection(mapOf(source.value, key), [key], { source: logSource, cased: this.#options.cased, remarks: source.remarks });
  }

  #isFor(filter: SigmaDocument, document: SigmaDocument): boolean {
    const rules = listOf(mapOf(filter.value, 'filter'), 'rules');
    return rules.includes('any') || rules.some((reference) => document.names.includes(reference));
  }

  /** Both conditions must hold; the filter's says what to keep, mostly `not selection`. */
  #filter(filter: SigmaDocument, target: SigmaDocument): Expression {
    const expression = this.#expression(filter, 'filter', sourceIn(filter) ?? sourceIn(target));
    if (!filter.remarks.isWhole) target.remarks.lost([], `has the filter "${filter.title}", which has no equivalent`);
    return expression;
  }

  /** A filter is a part of the rules that it names; by itself it only says what is wrong with it. */
  #filterAlone(filter: SigmaDocument): Converted[] {
    const targets = this.#documents.filter((document) => document.kind === 'detection' && this.#isFor(filter, document));
    for (const target of targets) this.#convert(target, []);
    if (targets.length === 0) filter.remarks.lost(['filter', 'rules'], 'names no rule of these files; convert them together');
    return filter.remarks.list.length === 0 ? [] : [nothing(filter)];
  }

  #correlation(source: SigmaDocument, below: readonly SigmaDocument[]): Record<string, unknown> | undefined {
    const { remarks } = source;
    const references = listOf(mapOf(source.value, 'correlation'), 'rules');
    const referred = references.flatMap((reference): Referred[] => {
      const document = this.#byReference.get(reference);
      if (document === undefined) {
        remarks.lost(
          ['correlation', 'rules'],
          `has "${reference}", which is no rule of these files; ${describeKnown(reference, this.#byReference.keys())}`,
        );
        return [];
      }
      if (document === source || below.includes(document)) {
        remarks.lost(['correlation', 'rules'], `has "${reference}", which leads back to this rule`);
        return [];
      }
      const { outcome } = this.#convert(document, [...below, source]);
      if (outcome !== 'in force') remarks.lost(['correlation', 'rules'], `has "${reference}", which is not in force itself`);
      return outcome === 'none' ? [] : [{ references: document.names, name: document.name, sources: this.#sourcesBelow(document, []) }];
    });
    return compileCorrelation(source, referred);
  }

  #sourcesBelow(document: SigmaDocument, seen: readonly SigmaDocument[]): (Source | undefined)[] {
    if (document.kind !== 'correlation') return [sourceIn(document)];
    return this.#referredBy(document).flatMap((below) => (seen.includes(below) ? [] : this.#sourcesBelow(below, [...seen, document])));
  }

  #write(source: SigmaDocument, own: Record<string, unknown>): Converted {
    const { remarks, name } = source;
    const { annotations, spec } = describe(source);
    const status = textOf(source.value, 'status') ?? '';
    if (RETIRED.includes(status)) remarks.lost(['status'], `is "${status}"`);
    const { title, description, severity, attacks } = spec;
    const { kind, filter, rules, ...rest } = own;
    const write = (enabled: boolean): string => {
      const ordered = {
        title,
        ...(description !== undefined && { description }),
        ...(!enabled && { enabled }),
        kind,
        severity,
        ...(this.#blocks.has(source) && { generate: false }),
        ...(filter !== undefined && { filter }),
        ...(rules !== undefined && { rules }),
        ...rest,
        ...(attacks !== undefined && { attacks }),
      };
      return writeRule({ name, annotations, spec: ordered }, source);
    };
    const problem = problemIn(write(true));
    if (problem !== undefined) {
      remarks.lost([], `gives a rule that is refused: ${problem}`);
      return nothing(source);
    }
    return { source, text: write(remarks.isWhole), outcome: remarks.isWhole ? 'in force' : 'not in force' };
  }
}

function generates({ value }: SigmaDocument): boolean {
  return mapOf(value, 'correlation')['generate'] === true || value['generate'] === true;
}

function sourceIn({ value }: SigmaDocument): Source | undefined {
  const { category, product, service } = mapOf(value, 'logsource');
  const text = (part: unknown): string | undefined => (typeof part === 'string' ? part.toLowerCase() : undefined);
  const [one, two, three] = [text(category), text(product), text(service)];
  return sourceOf({
    ...(one !== undefined && { category: one }),
    ...(two !== undefined && { product: two }),
    ...(three !== undefined && { service: three }),
  });
}

function scope(source: Source | undefined): Expression[] {
  const test = (field: string, value: string | undefined): Expression[] =>
    value === undefined ? [] : [{ op: 'test', cel: `violation.${field} == "${value}"`, paths: [[field]] }];
  return [...test('kind', source?.kind), ...test('source', source?.source)];
}

function nothing(source: SigmaDocument): Converted {
  return { source, text: comments(source), outcome: 'none' };
}

/** What the check of policies says to it. */
function problemIn(text: string): string | undefined {
  try {
    parsePolicies(text, '', { ruleKinds: ruleKindRegistry });
    return undefined;
  } catch (error) {
    if (error instanceof ConfigErrors) return error.issues.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw error;
  }
}
