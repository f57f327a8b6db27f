import { isOutage } from './outage.js';

const withCode = (code: string): Error => Object.assign(new Error('…'), { code });
const byPrisma = (originalCode: string): Error =>
  Object.assign(withCode('P2039'), { meta: { driverAdapterError: { cause: { originalCode } } } });

describe('an outage', () => {
  it.each([
    ['a refused connection', withCode('ECONNREFUSED')],
    ['a server that shuts down', withCode('57P01')],
    ['a statement that took too long', withCode('57014')],
    ['a server that starts, as Prisma tells it', byPrisma('57P03')],
    ['a PostgreSQL that became read-only', withCode('25006')],
    ['a PostgreSQL that became a standby, as Prisma tells it', byPrisma('25006')],
    ['a Redis that loads its data', new Error('LOADING Redis is loading the dataset in memory')],
    ['a Redis that became a replica', new Error("READONLY You can't write against a read only replica.")],
    ['a Redis without memory', new Error("OOM command not allowed when used memory > 'maxmemory'.")],
    ['one of several addresses', new AggregateError([withCode('EHOSTUNREACH')])],
    ['what another error was caused by', new Error('…', { cause: withCode('ECONNRESET') })],
  ])('is %s', (_, error) => {
    expect(isOutage(error)).toBe(true);
  });

  it.each([
    ['a refused statement', withCode('23505')],
    ['one as Prisma tells it', byPrisma('23505')],
    ['a wrong command', new Error("ERR unknown command 'x'")],
    ['no error', 'LOADING'],
  ])('is not %s', (_, error) => {
    expect(isOutage(error)).toBe(false);
  });
});
