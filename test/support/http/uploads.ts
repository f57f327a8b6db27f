import { crc32, deflateSync } from 'node:zlib';
import type { Answer, HttpClient } from './http-client.js';

/** A file as the API answers it. */
export interface UploadedFile {
  id: string;
  name: string;
  mediaType: string;
  bytes: number;
  width: number | null;
  height: number | null;
  createdAt: string;
}

/** A problem, for uploads that are refused. */
interface Refusal {
  code: string;
}

/** Uploads bytes as a browser does. @param type what the client says of them */
export async function upload(
  http: HttpClient,
  content: Uint8Array | string,
  name = 'file.bin',
  type = 'application/octet-stream',
): Promise<Answer<UploadedFile & Refusal>> {
  const form = new FormData();
  form.append('file', new File([new Uint8Array(Buffer.from(content))], name, { type }));
  return post(http, form);
}

/** Sends any body to where files are uploaded. */
export async function post(
  http: HttpClient,
  body: FormData | string | ReadableStream,
  headers: Record<string, string> = {},
): Promise<Answer<UploadedFile & Refusal>> {
  const sent = { method: 'POST', headers: { ...http.authorization, ...headers }, body, duplex: 'half' };
  const response = await fetch(`${http.base}/file`, sent as RequestInit);
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as UploadedFile & Refusal,
  };
}

/** What is answered to who asks for a file's bytes. */
export async function download(http: HttpClient, id: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${http.base}/file/${id}/content`, {
    method,
    headers: { ...http.authorization, ...headers },
  });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

/** A picture of one colour. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8);
  const rows = Buffer.alloc((width + 1) * height);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunkOf('IHDR', header), chunkOf('IDAT', deflateSync(rows)), chunkOf('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunkOf(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** So many bytes that begin as a PDF does; those of two sizes differ nowhere but in their length. */
export function pdf(bytes: number): Buffer {
  const content = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) content[at] = (at * 31 + (at >> 8)) & 0xff;
  content.write('%PDF-1.7\n\u00e2\u00e3\n', 'latin1');
  return content;
}
