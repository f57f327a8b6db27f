import { NotFoundException } from '@nestjs/common';
import { DomainError } from './domain-error.js';
import { problemBody, toProblem, problemOfStatus } from './problem.js';
import { RefusedRequestError } from './refused-request.errors.js';
import { ValidationFailedError } from './validation.errors.js';

describe('toProblem', () => {
  it('keeps the code, detail and headers of a domain error, with the status of its category', () => {
    const error = new DomainError('daily_quota_exceeded', 'limited', 'Come back tomorrow.', {
      headers: { 'Retry-After': '60' },
    });
    expect(toProblem(error)).toEqual({
      status: 429,
      code: 'daily_quota_exceeded',
      detail: 'Come back tomorrow.',
      headers: { 'Retry-After': '60' },
    });
  });

  it('says what was wrong with which field', () => {
    const errors = [{ pointer: '/phone', detail: 'phone must be a phone number' }];
    expect(toProblem(new ValidationFailedError(errors))).toMatchObject({
      status: 400,
      code: 'validation_failed',
      errors,
    });
  });

  it('asks for a bearer token with every 401', () => {
    expect(toProblem(new DomainError('unauthenticated', 'unauthenticated', 'x')).headers).toEqual({
      'WWW-Authenticate': 'Bearer',
    });
  });

  it("replaces a framework's message, which may quote the request", () => {
    const problem = toProblem(new NotFoundException('Cannot GET /reset?token=secret'));
    expect(problem).toMatchObject({ status: 404, code: 'not_found' });
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('keeps what a refusal by the rules of HTTP says', () => {
    const refusal = new RefusedRequestError(415, { detail: 'No.', headers: { 'Accept-Encoding': 'identity' } });
    expect(toProblem(refusal)).toEqual({
      status: 415,
      code: 'unsupported_media_type',
      detail: 'No.',
      headers: { 'Accept-Encoding': 'identity' },
    });
    expect(toProblem(new RefusedRequestError(417))).toMatchObject({ status: 417, code: 'expectation_failed' });
  });

  it.each([
    ['a socket', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })],
    ['PostgreSQL itself', Object.assign(new Error('terminating connection'), { code: '57P01' })],
    ['the pool, in words only', new Error('timeout exceeded when trying to connect')],
    [
      'Prisma, about a cause',
      new Error('query failed', { cause: Object.assign(new Error('x'), { code: 'ECONNRESET' }) }),
    ],
    ['a name with two addresses', new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })])],
    ['Redis', new Error("Stream isn't writeable and enableOfflineQueue options is false")],
  ])('takes an outage that %s tells of as 503, to be tried again', (_, error) => {
    expect(toProblem(error)).toMatchObject({ status: 503, headers: { 'Retry-After': expect.any(String) } });
  });

  it.each([
    new Error('SELECT * FROM user'),
    'a string',
    null,
    undefined,
    Object.assign(new Error('x'), { code: '23505' }),
  ])('shows nothing of a fault of ours (%p)', (error) => {
    expect(toProblem(error)).toEqual({
      status: 500,
      code: 'internal_error',
      detail: 'Something went wrong on our side.',
      headers: {},
    });
  });
});

describe('problemBody', () => {
  it('is RFC 9457 with our code and the request id', () => {
    expect(problemBody(problemOfStatus(415), { instance: '/chatroom', requestId: 'abc' })).toEqual({
      type: '/problems/unsupported_media_type',
      title: 'Unsupported media type',
      status: 415,
      detail: 'The body must be application/json.',
      instance: '/chatroom',
      code: 'unsupported_media_type',
      requestId: 'abc',
    });
  });
});
