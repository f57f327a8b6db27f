import { newIdempotencyKey } from './idempotency-key.js';
import type { Api } from './requests/api.js';
import { LONG_MS } from './requests/http.js';
import type { ChatClient, ChatFile } from './types.js';

const filePath = (id: string): string => `/file/${encodeURIComponent(id)}`;

/** Files of the user. */
export function filesOf(api: Api): ChatClient['files'] {
  return {
    upload: (content, { name, signal } = {}) =>
      // What is repeated after its answer was lost is a second copy, which takes space of the plan until it is deleted after 24 hours.
      api.repeatable<ChatFile>({
        method: 'POST',
        path: '/file',
        ...formOf(content, name ?? (content as { name?: string }).name ?? 'file'),
        withinMs: LONG_MS,
        signal,
      }),
    get: (id) => api.repeatable<ChatFile>({ method: 'GET', path: filePath(id) }),
    content: (id, { signal } = {}) =>
      api.blob({ method: 'GET', path: `${filePath(id)}/content`, withinMs: LONG_MS, signal }),
    contentUrl: (id) => `${api.http.base}${filePath(id)}/content`,
    delete: (id) => api.remove(filePath(id)),
  };
}

/** A form with one file. `FormData` would do, but the one of React Native takes no bytes, and that of `expo/fetch` no `Blob`. */
function formOf(content: Blob | Uint8Array, name: string) {
  const boundary = newIdempotencyKey();
  const escaped = name.replace(/["\r\n]/g, encodeURIComponent);
  const isBytes = content instanceof Uint8Array;
  const type = (isBytes ? '' : content.type) || 'application/octet-stream';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escaped}"\r\nContent-Type: ${type}\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  return {
    raw: isBytes ? joined(head, content, tail) : new Blob([head, content, tail]),
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  };
}

function joined(head: string, content: Uint8Array, tail: string): ArrayBuffer {
  const parts = [new TextEncoder().encode(head), content, new TextEncoder().encode(tail)];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes.buffer;
}
