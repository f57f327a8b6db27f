import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { problemBody, type Problem, problemOfStatus, uuidv7 } from '@app/platform';
import type { ConnectionError } from 'fastify';

const STATUS_OF: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** The latest answer of each connection. */
const answers = new WeakMap<Socket, ServerResponse>();

/** Remembers what is answered on a connection, so that nothing is written into it. */
export function noteAnswer(answer: ServerResponse): void {
  answers.set(answer.req.socket, answer);
}

/**
 * Answers bytes that never became a request (too slow, too large headers, not HTTP), where there is only a socket to write to.
 * A request that is answered while its body still comes gets no second answer.
 */
export function answerBrokenRequest(
  error: ConnectionError,
  socket: Socket,
  problem = problemOfStatus(STATUS_OF[error.code] ?? 400),
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (isAnswered(answers.get(socket))) socket.destroySoon();
  else writeProblem(socket, problem);
}

/** Answers with a problem, and closes the connection. */
export function writeProblem(socket: Duplex, problem: Problem): void {
  if (socket.writable) socket.end(rawResponse(problem), () => socket.destroy());
  else socket.destroy();
}

/** Whether the answer belongs to the bytes that came last: it has begun, and its request or itself hasn't ended. */
function isAnswered(answer: ServerResponse | undefined): boolean {
  return answer !== undefined && answer.headersSent && !(answer.req.complete && answer.writableFinished);
}

function rawResponse(problem: Problem): string {
  const requestId = uuidv7();
  const body = JSON.stringify(problemBody(problem, { instance: '/', requestId }));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    ...Object.entries(problem.headers).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}
