import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of the chat page, as it is answered. */
export interface WebAppFile {
  /** The path of the URL. */
  path: string;
  content: Buffer;
  /** The same, compressed. */
  gzipped: Buffer;
  headers: Record<string, string>;
}

/** The kinds of files that the build makes. */
const MEDIA_TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
};

/** The name of a file says what is in it, so what is cached is never stale. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * What the page may load and do: its own files, and calls to the API that serves it. Scripts and styles stand in files, and
 * nothing in the page is ever made of text as HTML. Images of messages are `blob:`, since they are fetched with the owner's token.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join(';');

/**
 * Reads the page as `npm run build` left it, all of it, for it is small.
 *
 * @param folder holds `index.html` and the folder `assets`
 * @throws Error where there is no page
 */
export function readWebApp(folder: URL): WebAppFile[] {
  const assets = readdirSync(new URL('assets/', folder)).map((name) =>
    fileOf(`/assets/${name}`, readFileSync(new URL(`assets/${name}`, folder)), { 'cache-control': IMMUTABLE }),
  );
  const content = readFileSync(new URL('index.html', folder));
  const page = fileOf('/index.html', content, {
    'cache-control': 'no-cache',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    // Weak, for it is the same whether the page is compressed or not.
    etag: `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
  });
  return [{ ...page, path: '/' }, ...assets];
}

function fileOf(path: string, content: Buffer, own: Record<string, string>): WebAppFile {
  const type = MEDIA_TYPES[extname(path)];
  if (type === undefined) throw new Error(`The build made a file of a kind that the page doesn't have: ${path}`);
  const headers = { 'content-type': type, ...own };
  return { path, content, gzipped: gzipSync(content), headers };
}
