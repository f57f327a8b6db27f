import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemBody, type Problem, problemOfStatus, uuidv7 } from '@app/platform';
import type { ConnectionError } from 'fastify';

const STATUS_OF: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** Answers bytes that never became a request (too slow, too large headers, not HTTP), where there is only a socket to write to. */
export function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) socket.write(rawResponse(problemOfStatus(STATUS_OF[error.code] ?? 400)));
  socket.destroySoon();
}

function rawResponse(problem: Problem): string {
  const requestId = uuidv7();
  const body = JSON.stringify(problemBody(problem, { instance: '/', requestId }));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
