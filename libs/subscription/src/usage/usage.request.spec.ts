import 'reflect-metadata';
import { decodeCursor, RequestValidationPipe, ValidationFailedError } from '@app/platform';
import { daysOf, UsagePosition, UsageQuery } from './usage.request.js';

const NOW = new Date('2026-11-23T12:00:00Z');

async function days(query: object): Promise<[string, string]> {
  const pipe = new RequestValidationPipe();
  return daysOf((await pipe.transform(query, { type: 'query', metatype: UsageQuery })) as UsageQuery, NOW);
}

const pointersOf = (query: object): Promise<string[]> =>
  days(query).then(
    () => [],
    (error: unknown) => {
      if (!(error instanceof ValidationFailedError)) throw error;
      return error.errors.map(({ pointer }) => pointer);
    },
  );

describe('the days of which the use is asked for', () => {
  it.each([
    ['this month so far', {}, ['2026-11-01', '2026-11-23']],
    ['up to today', { from: '2026-10-30' }, ['2026-10-30', '2026-11-23']],
    ['the month up to a day', { to: '2026-02-10' }, ['2026-02-01', '2026-02-10']],
    ['this month up to a day to come', { to: '2026-12-31' }, ['2026-11-01', '2026-12-31']],
    ['a day to come', { from: '2026-11-24' }, ['2026-11-24', '2026-11-24']],
    ['both', { from: '2024-02-29', to: '2024-12-31' }, ['2024-02-29', '2024-12-31']],
    ['one day', { from: '2026-11-23', to: '2026-11-23' }, ['2026-11-23', '2026-11-23']],
    ['a leap year', { from: '2024-01-01', to: '2024-12-31' }, ['2024-01-01', '2024-12-31']],
  ])('may be %s', async (_, query, expected) => {
    expect(await days(query)).toEqual(expected);
  });

  it.each([
    ['from after to', { from: '2026-11-02', to: '2026-11-01' }, ['/from']],
    ['more than a leap year', { from: '2025-11-22', to: '2026-11-23' }, ['/from']],
    ['no day of the calendar', { from: '2026-02-30' }, ['/from']],
    ['a moment', { to: '2026-11-23T00:00:00Z' }, ['/to']],
    ['a week', { to: '2026-W05-1' }, ['/to']],
    ['a short date', { from: '2026-1-1' }, ['/from']],
    ['the year 0', { from: '0000-01-01', to: '0000-01-02' }, ['/from', '/to']],
    ['nothing', { from: '' }, ['/from']],
    ['two values', { from: ['2026-11-01', '2026-11-02'] }, ['/from']],
    ['something unknown', { since: '2026-11-01' }, ['/since']],
  ])('may not be %s', async (_, query, expected) => {
    expect(await pointersOf(query)).toEqual(expected);
  });
});

describe('a cursor', () => {
  const cursor = (position: object) => Buffer.from(JSON.stringify(position)).toString('base64url');
  const position = { day: '2026-11-23', model: 'gemini-flash-latest', purpose: 'reply' };

  it('is where a page ended', () => {
    expect(decodeCursor(UsagePosition, cursor(position))).toEqual(position);
  });

  it.each([{ day: '2026-02-30' }, { model: 'a\0b' }, { purpose: 'other' }, { more: 1 }])(
    'with %j is refused',
    (change) => {
      expect(() => decodeCursor(UsagePosition, cursor({ ...position, ...change }))).toThrow(ValidationFailedError);
    },
  );
});
