import { ConfigErrors, type ConfigIssue } from '@tocsin/extension';
import type { PolicyDocument, PolicySchemas } from '../kinds/document-kind.js';
import { narrow, type RawSpec } from '../namespaces/narrow.js';
import { nameWithin, type Reach } from '../namespaces/reach.js';
import { POLICY_RESOURCES, type PolicyKind } from '../kinds/resources.js';
import { API_VERSION, parsePolicies, type PolicySet } from '../policies.js';

/** A policy document as a cluster holds it; `status` is what services write back, see deploy/crds. */
export interface PolicyObject {
  kind: PolicyKind;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion: string;
    /** Grows when somebody changes `spec`. */
    generation: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
  status?: PolicyStatus;
}

/** One state of a document. */
export interface Version {
  generation: number;
  spec: unknown;
}

/** As https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md has it. */
export interface Condition {
  type: 'Accepted';
  status: 'True' | 'False';
  observedGeneration: number;
  lastTransitionTime: string;
  reason: 'InForce' | 'Mistakes';
  message: string;
}

export interface PolicyStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  error?: string;
  inForce?: Version;
  hits?: number;
  lastHit?: string;
}

/** A document, and the list of a `PolicySet` that it belongs to. */
export interface Parsed {
  list: keyof PolicySet;
  document: PolicyDocument<string, unknown>;
}

/** kubectl keeps the whole document there once more, in which nothing is redacted. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Where an object is said to be, in place of a file. */
export function placeOf({ kind, metadata: { namespace, name } }: PolicyObject): string {
  return `namespaces/${namespace}/${POLICY_RESOURCES[kind]}/${name}`;
}

/** What it is called among the documents in force. */
export function nameInForce({ metadata: { name } }: PolicyObject, reach: Reach | undefined): string {
  return reach === undefined ? name : nameWithin(reach, name);
}

/** Reads one version of the object as if it stood in a file. With `reach` it goes no further, whatever it says. */
export function parseVersion(object: PolicyObject, spec: unknown, schemas: PolicySchemas, reach: Reach | undefined): Parsed | ConfigIssue[] {
  const parsed = parseSpec(object, spec, schemas);
  if (reach === undefined || Array.isArray(parsed)) return parsed;
  const issues: ConfigIssue[] = [];
  const narrowed = narrow(object.kind, spec as RawSpec, reach, schemas, (path, message) =>
    issues.push(parsed.document.issue(['spec', ...path], message)),
  );
  const within = issues.length > 0 ? issues : parseSpec(object, narrowed, schemas);
  if (Array.isArray(within)) return within;
  const { list, document } = within;
  return { list, document: { ...document, metadata: { ...document.metadata, name: nameInForce(object, reach) }, reach } };
}

function parseSpec(object: PolicyObject, spec: unknown, schemas: PolicySchemas): Parsed | ConfigIssue[] {
  const { name, labels, annotations = {} } = object.metadata;
  const { [LAST_APPLIED]: _lastApplied, ...others } = annotations;
  const text = JSON.stringify({ apiVersion: API_VERSION, kind: object.kind, metadata: { name, labels, annotations: others }, spec });
  try {
    const set = parsePolicies(text, placeOf(object), schemas);
    const found = Object.entries(set).flatMap(([list, documents]) => documents.map((document) => ({ list: list as keyof PolicySet, document })));
    // One document was given, so that there is one when there was no mistake.
    return found[0] as Parsed;
  } catch (error) {
    if (error instanceof ConfigErrors) return [...error.issues];
    throw error;
  }
}
