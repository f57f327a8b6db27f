import { once } from 'node:events';
import { connect } from 'node:net';
import type { Answer } from './http-client.js';

/** An answer as its bytes say it. */
export interface RawAnswer extends Answer<Record<string, unknown>> {
  /** Everything that arrived, also what came before the final answer. */
  text: string;
}

/**
 * Sends bytes as they are, and reads what comes back until the server closes the connection: what `fetch` refuses to send.
 *
 * @param lines the request line and the headers; `Connection: close` is added
 */
export async function sendRaw(base: string, lines: string[], body = ''): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write([...lines, 'Connection: close', '', body].join('\r\n'));
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return parse(Buffer.concat(chunks).toString());
}

/** The last answer of those that arrived: one with 100 comes before another. */
function parse(text: string): RawAnswer {
  const final = text.slice(text.lastIndexOf('HTTP/1.1 '));
  const [head = '', body = ''] = final.split(/\r\n\r\n([^]*)/);
  const [statusLine = '', ...fields] = head.split('\r\n');
  const headers = new Headers(fields.map((field) => field.split(/:\s*(.*)/s).slice(0, 2) as [string, string]));
  const isJson = headers.get('content-type')?.includes('json') === true;
  // Chunked bodies have their lengths around them; problems come with one length.
  const parsed = isJson && body !== '' ? (JSON.parse(body) as Record<string, unknown>) : {};
  return { status: Number(statusLine.split(' ')[1]), headers, body: parsed, text };
}
