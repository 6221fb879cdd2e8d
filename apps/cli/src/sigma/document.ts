import type { YamlDoc } from '@tocsin/extension';
import { Remarks } from './report.js';

export type SigmaMap = Readonly<Record<string, unknown>>;

/** A document of Sigma as it stands in a file. */
export interface SigmaDocument {
  kind: 'detection' | 'correlation' | 'filter' | 'unknown';
  file: string;
  value: SigmaMap;
  /** What rules refer to it by. */
  names: readonly string[];
  /** What its rule is called here, unique among all that are converted. */
  name: string;
  title: string;
  remarks: Remarks;
}

/** `taken` are the names that others have already. */
export function readDocument(doc: YamlDoc, taken: Set<string>): SigmaDocument {
  const remarks = new Remarks((path, message) => doc.issue(path, message, 'key'));
  const value = isMap(doc.value) ? doc.value : {};
  const title = textOf(value, 'title') ?? textOf(value, 'name') ?? 'Without a title';
  const id = textOf(value, 'id');
  const name = textOf(value, 'name');
  const document: SigmaDocument = {
    kind: kindOf(value),
    file: doc.file,
    value,
    names: [name, id].filter((reference) => reference !== undefined),
    name: unique(slug(name ?? title), taken),
    title,
    remarks,
  };
  if (document.kind === 'unknown') remarks.lost([], 'is no document of Sigma: it has neither "detection" nor "correlation" nor "filter"');
  if (value['action'] !== undefined) remarks.lost(['action'], 'belongs to collections, which Sigma has given up; write each rule as a whole');
  return document;
}

function kindOf(value: SigmaMap): SigmaDocument['kind'] {
  if (isMap(value['correlation'])) return 'correlation';
  if (isMap(value['filter'])) return 'filter';
  return isMap(value['detection']) ? 'detection' : 'unknown';
}

const NAME_MAX = 100;

/** As Kubernetes names objects. */
function slug(text: string): string {
  const plain = text
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, NAME_MAX)
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'rule' : plain;
}

function unique(name: string, taken: Set<string>): string {
  let candidate = name;
  for (let number = 2; taken.has(candidate); number++) candidate = `${name}-${number}`;
  taken.add(candidate);
  return candidate;
}

export function textOf(map: SigmaMap, key: string): string | undefined {
  const value = map[key];
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

export function listOf(map: SigmaMap, key: string): string[] {
  const value = map[key];
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string' || typeof item === 'number').map(String) : [];
}

export function mapOf(map: SigmaMap, key: string): SigmaMap {
  const value = map[key];
  return isMap(value) ? value : {};
}

export function isMap(value: unknown): value is SigmaMap {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
