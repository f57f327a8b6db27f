import { type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { problemBody, type Problem, problemOfStatus, uuidv7 } from '@app/platform';
import type { ConnectionError } from 'fastify';

const STATUS_OF: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** The answers of each connection that are not over, in the order of their requests: a client may send the next one before. */
const openAnswers = new WeakMap<Duplex, ServerResponse[]>();

/** Remembers what is answered on a connection, so that nothing is written into it. */
export function noteAnswer(answer: ServerResponse): void {
  const { socket } = answer.req;
  const answers = openAnswers.get(socket) ?? [];
  // They end in their order.
  while (answers[0] !== undefined && isOver(answers[0])) answers.shift();
  answers.push(answer);
  openAnswers.set(socket, answers);
}

/**
 * Answers bytes that never became a request (too slow, too large headers, not HTTP), where there is only a socket to write to.
 * What would stand in the place of another request's answer, or within it, is not written: the connection ends without it.
 */
export function answerBrokenRequest(
  error: ConnectionError,
  socket: Socket,
  problem = problemOfStatus(STATUS_OF[error.code] ?? 400),
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  writeProblem(socket, problem, { withBody: !isHead(error) });
}

/**
 * Answers with a problem, unless the client would take it for the answer to something else, and closes the connection.
 *
 * @param withBody false for what answers a HEAD: its client would take a body for the next answer (RFC 9112, section 6.3)
 */
export function writeProblem(socket: Duplex, problem: Problem, { withBody = true } = {}): void {
  const open = (openAnswers.get(socket) ?? []).filter((answer) => !isOver(answer));
  if (socket.writable && open.every(isOfTheseBytes)) {
    socket.end(rawResponse(problem, withBody), () => socket.destroy());
  } else if (socket instanceof Socket) socket.destroySoon();
  else socket.destroy();
}

function isHead(error: ConnectionError): boolean {
  const { rawPacket } = error as { rawPacket: unknown };
  return Buffer.isBuffer(rawPacket) && rawPacket.toString('latin1', 0, 5) === 'HEAD ';
}

/** Whether nothing is still to come, neither of the request nor of the answer itself. */
const isOver = ({ req, writableFinished }: ServerResponse): boolean => req.complete && writableFinished;

/** Whether what came last belongs to this answer's request, which it has spoilt, and nothing has been said to it yet. */
const isOfTheseBytes = (answer: ServerResponse): boolean => !answer.headersSent && !answer.req.complete;

function rawResponse(problem: Problem, withBody: boolean): string {
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
    withBody ? body : '',
  ].join('\r\n');
}
