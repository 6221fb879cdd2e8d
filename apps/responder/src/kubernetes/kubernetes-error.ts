import { Failed, Refused, Transient } from '../failure.js';

/** `status` of the Kubernetes API, https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
interface Status {
  message?: string;
  reason?: string;
  details?: { retryAfterSeconds?: number; kind?: string; name?: string; causes?: { reason?: string; message?: string; field?: string }[] };
}

/** What went wrong at the API server, or on the way there. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  /** HTTP status; 0: there was no answer. */
  readonly status: number;
  /** Machine-readable, such as `Conflict`. */
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  /** Fields that were refused. */
  readonly fields: readonly string[];

  private constructor(status: number, message: string, parts: { reason?: string; retryAfterMs?: number; fields?: string[]; cause?: unknown } = {}) {
    super(message, { cause: parts.cause });
    this.status = status;
    this.reason = parts.reason ?? '';
    this.retryAfterMs = parts.retryAfterMs;
    this.fields = parts.fields ?? [];
  }

  static unreachable(cluster: string, cause: unknown): KubernetesError {
    return new KubernetesError(0, `The API server of "${cluster}" gives no answer: ${deepest(cause)}`, { cause });
  }

  static answered(status: number, headers: Record<string, string>, body: Buffer): KubernetesError {
    const { message, reason, details = {} } = statusOf(body);
    const seconds = details.retryAfterSeconds ?? Number(headers['retry-after'] ?? Number.NaN);
    return new KubernetesError(status, message ?? `The API server answered ${status}.`, {
      ...(reason !== undefined && { reason }),
      ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1_000 }),
      fields: (details.causes ?? []).flatMap(({ field }) => field ?? []),
    });
  }

  /** A precondition on the uid failed: another object has the name. */
  get isReplaced(): boolean {
    return this.status === 422 && this.fields.includes('metadata.uid');
  }
}

/** What it means for an action. 409 is a change by somebody else in between, after which one looks again. */
export function failureOf(error: unknown): unknown {
  if (!(error instanceof KubernetesError)) return error;
  const { status, message, retryAfterMs } = error;
  const options = { cause: error };
  if (status === 0 || status === 409 || status === 429 || status >= 500) {
    return new Transient(message, { ...options, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }
  // The message names the account, the verb and the resource, or the admission policy.
  if (status === 403) return new Refused('missing_permission', `The cluster does not allow it: ${message}`, options);
  if (status === 401) return new Refused('missing_permission', 'The cluster does not know our credentials; see `responder.clusters`.', options);
  if (status === 404) return new Refused('target_gone', message, options);
  if (error.isReplaced) return new Refused('target_replaced', 'Another object has the name of the target by now.', options);
  return new Failed(message, options);
}

function statusOf(body: Buffer): Status {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return parsed !== null && typeof parsed === 'object' ? (parsed as Status) : {};
  } catch {
    return {};
  }
}

function deepest(error: unknown): string {
  let last = error;
  while (last instanceof Error && last.cause !== undefined) last = last.cause;
  return last instanceof Error ? last.message || last.name : String(last);
}
