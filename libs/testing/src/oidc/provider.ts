import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OidcProvider {
  issuer: string;
  /** A signed JWT with these claims over those that any token has; `header` and `forge` are for bad ones. */
  token(claims: Record<string, unknown>, options?: { header?: Record<string, unknown>; forge?: Forgery }): string;
  /** Signs with another key from now on; the one before is published no more. */
  rotate(): void;
  /** Answers 503 from now on, or no more. */
  away: boolean;
  /** What was asked for, by path. */
  asked: string[];
  close(): Promise<void>;
}

/**
 * `unsigned`: `alg: none`, https://datatracker.ietf.org/doc/html/rfc8725#section-2.1. `shared-secret`: the public key taken as a secret of HS256.
 * `other-key`: signed by a key of somebody else under the name of ours. `changed`: claims changed after signing.
 */
export type Forgery = 'unsigned' | 'shared-secret' | 'other-key' | 'changed';

interface Key {
  kid: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const newKey = (): Key => ({ kid: randomUUID(), ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) });
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/**
 * A provider of OpenID Connect as far as resource servers see it: discovery, keys that change, and ES256 tokens. It is written without the
 * library that it tests. https://openid.net/specs/openid-connect-discovery-1_0.html, https://www.rfc-editor.org/rfc/rfc7515
 */
export async function oidcProvider(now: () => number): Promise<OidcProvider> {
  let key = newKey();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: provider.issuer, jwks_uri: `${provider.issuer}/keys` },
      '/keys': { keys: [{ ...key.publicKey.export({ format: 'jwk' }), kid: key.kid, alg: 'ES256', use: 'sig' }] },
    };
    const found = documents[request.url ?? ''];
    const status = provider.away ? 503 : 404;
    response.writeHead(found === undefined || provider.away ? status : 200, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  function jws(header: object, claims: object, by: KeyObject): string {
    const signed = `${encode(header)}.${encode(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  }

  function forged(forgery: Forgery, header: object, claims: object): string {
    switch (forgery) {
      case 'unsigned':
        return `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`;
      case 'shared-secret': {
        const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
        const secret = key.publicKey.export({ type: 'spki', format: 'pem' });
        return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      }
      case 'other-key':
        return jws(header, claims, newKey().privateKey);
      case 'changed': {
        const [head, , signature] = jws(header, claims, key.privateKey).split('.');
        return `${head ?? ''}.${encode({ ...claims, groups: ['admins'] })}.${signature ?? ''}`;
      }
    }
  }

  const provider: OidcProvider = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    away: false,
    asked,
    rotate() {
      key = newKey();
    },
    token(claims, { header, forge } = {}) {
      const seconds = Math.floor(now() / 1000);
      const all = { iss: provider.issuer, aud: 'tocsin', sub: 'u-1', iat: seconds, nbf: seconds, exp: seconds + 300, ...claims };
      const head = { alg: 'ES256', typ: 'JWT', kid: key.kid, ...header };
      return forge === undefined ? jws(head, all, key.privateKey) : forged(forge, head, all);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}
