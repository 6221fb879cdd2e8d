import type { Route } from './route.js';
import { ROUTES } from './routes/index.js';

const BY_ADDRESS = new Map(ROUTES.map((route): [string, Route] => [`${route.method} ${route.path}`, route]));

/**
 * The declared operation that a request was routed to; undefined when there is none, and nobody may do that. It is found by what the
 * router understood, `/v1/actions/:id/:command` with its parameters, and not by the text of the address, which can be written in many ways.
 */
export function operationOf(method: string, pattern: string, params: Readonly<Record<string, string>>): Route | undefined {
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const named = pattern.replaceAll(/:(\w+)/g, '{$1}');
  // Controllers take several commands by one handler: `{command}` is declared as each of them.
  const spelled = pattern.replaceAll(/:(\w+)/g, (_, name: string) => (name === 'id' ? '{id}' : (params[name] ?? '')));
  return BY_ADDRESS.get(`${verb} ${named}`) ?? BY_ADDRESS.get(`${verb} ${spelled}`);
}
