import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from './domain-error.js';
import { problemBody, type Problem, toProblem } from './problem.js';

/** Answers every error, whoever threw it, as RFC 9457 problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = toProblem(error);
    if (problem.status >= 500) this.report(problem, error);
    if (reply.raw.headersSent) {
      // A stream broke half-way: the connection is cut, since a clean end would look like a complete answer.
      reply.raw.destroy();
      return;
    }
    sendProblem(request, reply, problem);
  }

  /** A domain error is expected and needs no stack; a fault does. */
  private report({ status, code }: Problem, error: unknown): void {
    if (error instanceof DomainError) this.logger.warn(`Answered ${status} ${code}`, error.cause);
    else this.logger.error(`Answered ${status} ${code}`, error);
  }
}

/** Writes a problem as the answer to a request. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): void {
  const [instance = '/'] = request.url.split('?');
  void reply
    .status(problem.status)
    .headers({ ...acceptedBodies(request, problem), ...problem.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem, { instance, requestId: request.id })));
}

/** What a refused kind of body should have been (RFC 9110, section 15.5.16), and for PATCH the same in the header of RFC 5789. */
function acceptedBodies({ method }: FastifyRequest, { status, headers }: Problem): Record<string, string> {
  if (status !== 415) return {};
  return {
    ...(headers['Accept-Encoding'] === undefined ? { Accept: 'application/json' } : {}),
    ...(method === 'PATCH' ? { 'Accept-Patch': 'application/json' } : {}),
  };
}
