/**
 * - `transient`: it may go better later. Whether anything was done is not known; look before doing it again.
 * - `refused`: NeuVector does not do it to this workload or capture, or it is gone. Nothing was done.
 * - `permission`: the API key is not known, has expired, or lacks the right. Nothing was done.
 * - `permanent`: trying again will not help: a wrong address or certificate, another API, a request of ours that is wrong.
 */
export type NeuvectorErrorKind = 'transient' | 'permanent' | 'refused' | 'permission';

/** What went wrong at a controller, or on the way there. The message is for people, and never holds the API key. */
export class NeuvectorError extends Error {
  override readonly name = 'NeuvectorError';
  readonly kind: NeuvectorErrorKind;
  /** The workload or capture is not there. */
  readonly gone: boolean;

  constructor(kind: NeuvectorErrorKind, message: string, options: { gone?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.gone = options.gone ?? false;
  }
}

/** Of the `code` in answers that are errors; the others are about things that we do not ask for. */
const OBJECT_NOT_FOUND = 7;
const INVALID_REQUEST = 6;
/** What is not there, or is not a pod, in the controller's words. */
const GONE = new Set(['Object not found', 'Container is not found']);
const NOT_A_POD = 'Only the pod container can be quarantined';

/** What an answer that is no success means. */
export function answered(status: number, body: Buffer): NeuvectorError {
  const { code, message } = said(body);
  const text = `NeuVector answered ${status}${message === '' ? '' : `: ${message}`}`;
  if (status === 401) return new NeuvectorError('permission', `${text}. The API key is wrong or has expired; see its \`apiKey\`.`);
  if (status === 403) return new NeuvectorError('permission', `${text}. The role of the API key needs \`rt_policy\`.`);
  if (status === 408 || status === 425 || status === 429 || status >= 500) return new NeuvectorError('transient', text);
  if (status === 404 && code === OBJECT_NOT_FOUND) {
    if (GONE.has(message)) return new NeuvectorError('refused', text, { gone: true });
    if (message === NOT_A_POD) return new NeuvectorError('refused', text);
    // An enforcer that is away, or that the controller cannot reach, is told by 404 and whatever the call to it said.
    return new NeuvectorError('transient', text);
  }
  // The enforcer refuses with the code for malformed requests: ours are well formed, so it is about what was asked for.
  if (status === 400 && code === INVALID_REQUEST) return new NeuvectorError('refused', text);
  if (status >= 300 && status < 400) return new NeuvectorError('permanent', `${text}; redirects are not followed, correct the URL`);
  return new NeuvectorError('permanent', text);
}

/** There was no answer, or it broke off. The error itself is dropped: that of axios holds the request with its key. */
export function unanswered(error: unknown, where: string): NeuvectorError {
  const code = codeOf(error);
  if (CERTIFICATE.test(code)) {
    return new NeuvectorError('permanent', `${where}: its certificate is not accepted (${code}); see \`caFile\` and \`serverName\`.`);
  }
  return new NeuvectorError('transient', `${where} gives no answer: ${code}`);
}

const CERTIFICATE = /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SIGNATURE_FAILURE|HOSTNAME_MISMATCH|INVALID_CA/;

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : 'the connection failed';
}

/** `RESTError` of the controller, as far as it can be read. Its text may quote what others wrote. */
function said(body: Buffer): { code: number; message: string } {
  try {
    const { code, message } = JSON.parse(body.toString('utf8')) as { code?: unknown; message?: unknown };
    return { code: typeof code === 'number' ? code : 0, message: typeof message === 'string' ? oneLine(message) : '' };
  } catch {
    return { code: 0, message: '' };
  }
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 300);
}
