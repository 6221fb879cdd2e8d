/** An answer as the controller gives it; errors have its `RESTError`. Facts: NeuVector at 1b8b7075, controller/rest/rest.go. */
export interface Answer {
  status: number;
  body?: string | Buffer;
  headers?: Record<string, string>;
}

const ERRORS = {
  1: 'URL not found',
  2: 'Method not allowed',
  3: 'Authentication failed',
  6: 'Request in wrong format',
  7: 'Object not found',
  12: 'More search criteria required',
  21: 'Enforcer error',
  24: 'Cluster RPC error',
  25: 'Object access denied',
} as const;

export function refuse(status: number, code: keyof typeof ERRORS, message: string = ERRORS[code]): Answer {
  return { status, body: JSON.stringify({ code, error: ERRORS[code], message }), headers: { 'content-type': 'application/json' } };
}

export function give(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value), headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' } };
}

/** Success without content, which is a 200 all the same. */
export const DONE: Answer = { status: 200, headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' } };

export function parseObject(body: Buffer, key: string): Record<string, unknown> | undefined {
  try {
    const inner = (JSON.parse(body.toString('utf8')) as Record<string, unknown> | null)?.[key];
    return typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
