/** `__Host-` binds a cookie to this very host and to TLS, https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#name-the-__host-prefix */
const SECURE = '__Host-tocsin-session';
/** On loopback there is no TLS. */
const PLAIN = 'tocsin-session';

/** The session in the header `Cookie`; undefined when it holds none. */
export function sessionIn(cookie: string | undefined, secure: boolean): string | undefined {
  const name = secure ? SECURE : PLAIN;
  const pair = (cookie ?? '')
    .split(';')
    .map((text) => text.trim())
    .find((text) => text.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** A header `Set-Cookie`; without a session it takes the cookie away. It lives as long as the browser; the server knows when it ends. */
export function sessionCookie(session: string | undefined, secure: boolean): string {
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return session === undefined ? `${secure ? SECURE : PLAIN}=; Max-Age=0; ${attributes}` : `${secure ? SECURE : PLAIN}=${session}; ${attributes}`;
}
