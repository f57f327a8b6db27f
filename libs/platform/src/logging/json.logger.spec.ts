import { RequestContext } from '../request/request-context.js';
import { JsonLogger } from './json.logger.js';

function logged(write: (logger: JsonLogger) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(new JsonLogger('api', { LOG_LEVEL: 'info' }, { write: (line) => lines.push(line) }));
  return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
}

describe('a log line', () => {
  it('is JSON with level, process, context and message', () => {
    expect(logged((logger) => logger.warn('Redis is away', 'Redis'))).toMatchObject({
      level: 'warn',
      process: 'api',
      context: 'Redis',
      msg: 'Redis is away',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('names the request in whose context it was written', () => {
    RequestContext.run({ requestId: 'abc' }, () => {
      expect(logged((logger) => logger.log('x', 'Y'))).toMatchObject({ requestId: 'abc' });
    });
  });

  it('is left out below the level', () => {
    expect(logged((logger) => logger.debug('x', 'Y'))).toEqual({});
  });

  it('carries the fields of an object, without the private ones', () => {
    const line = logged((logger) =>
      logger.log(
        { replyId: '1', phone: '+491701234567', user: { otp: '123456', nested: { content: 'dear diary' } } },
        'X',
      ),
    );
    expect(line).toMatchObject({ replyId: '1', phone: '[redacted]' });
    expect(JSON.stringify(line)).not.toMatch(/491701234567|123456|dear diary/);
  });

  it('tells an error by type, code, message, stack and cause, and leaves out what a driver hangs on it', () => {
    const cause = Object.assign(new Error('duplicate key'), { code: '23505', detail: 'Key (phone)=(+491701234567)' });
    const line = logged((logger) => logger.error('Query failed', new Error('outer', { cause }), 'Database'));
    expect(line).toMatchObject({
      context: 'Database',
      msg: 'Query failed',
      error: { type: 'Error', message: 'outer', cause: { code: '23505', message: 'duplicate key' } },
    });
    expect(JSON.stringify(line)).not.toContain('491701234567');
  });

  it.each([
    ['a token', 'refused eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl', 'refused [token]'],
    ['a key of Stripe', 'Invalid API Key: sk_test_abc123', 'Invalid API Key: [key]'],
    ['a key of Google', 'key=AIzaSyA1234567890abcdefghij', 'key=[key]'],
    ['credentials in an address', 'postgresql://user:pw@db/x', 'postgresql://[credentials]@db/x'],
    ['a phone number', 'no route to +491701234567', 'no route to [phone]'],
    ['a bearer header', 'sent Bearer abc.def', 'sent Bearer [token]'],
  ])('never shows %s in its text', (_, text, clean) => {
    expect(logged((logger) => logger.log(text, 'X'))['msg']).toBe(clean);
  });
});
