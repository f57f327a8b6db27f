/** Where a server listens. */
export interface RedisAddress {
  host: string;
  port: number;
}

/** What a `redis:` or `rediss:` URL says. */
export interface RedisUrl extends RedisAddress {
  username: string | undefined;
  password: string | undefined;
  db: number;
  tls: boolean;
}

const MAX_DB = 15;
const DEFAULT_PORT = 6379;

/** @returns null when it is not `redis[s]://[[user]:password@]host[:port][/database]` */
export function parseRedisUrl(text: string): RedisUrl | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol)) return null;
  const db = /^\/?(\d{0,2})$/.exec(url.pathname)?.[1];
  if (url.hostname === '' || url.search !== '' || url.hash !== '' || db === undefined || Number(db) > MAX_DB)
    return null;
  const [username, password] = [decoded(url.username), decoded(url.password)];
  if (username === null || password === null) return null;
  return {
    host: withoutBrackets(url.hostname),
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    username,
    password,
    db: Number(db),
    tls: url.protocol === 'rediss:',
  };
}

/** @param text `host:port`; an IPv6 address stands in brackets */
export function parseAddress(text: string): RedisAddress | null {
  const [, host, port] = /^(\[[\da-f:.]+\]|[^\s:[\]]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return null;
  return { host: withoutBrackets(host), port: Number(port) };
}

const withoutBrackets = (host: string): string => host.replace(/^\[|\]$/g, '');

/** @returns undefined when there is nothing; null when it is encoded wrongly */
function decoded(part: string): string | undefined | null {
  try {
    return part === '' ? undefined : decodeURIComponent(part);
  } catch {
    return null;
  }
}
