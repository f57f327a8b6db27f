import { MODEL_NAME } from '@app/contracts';
import { PageQuery, ValidationFailedError } from '@app/platform';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, isISO8601, IsOptional, Matches, ValidateBy } from 'class-validator';
import { utcDay } from '../quota/daily-quota.js';
import { PURPOSES } from './used-tokens.js';

/** How many days one question may be about: a leap year. */
export const MAX_DAYS = 366;

const DAY_MS = 86_400_000;

const DAY = /^[1-9]\d{3}-\d{2}-\d{2}$/;

/** A day of the calendar, written `YYYY-MM-DD`. */
const IsDay = (property: string): PropertyDecorator =>
  ValidateBy({
    name: 'isDay',
    validator: {
      validate: (value) => typeof value === 'string' && DAY.test(value) && isISO8601(value, { strict: true }),
      defaultMessage: () => `${property} must be a day such as 2026-11-23`,
    },
  });

/** The days of which the use is wanted. */
export class UsageQuery extends PageQuery {
  @ApiPropertyOptional({
    type: 'string',
    format: 'date',
    description: 'The first UTC day. Without it the first of this month, or of the month of an earlier `to`.',
    example: '2026-11-01',
  })
  @IsOptional()
  @IsDay('from')
  from?: string;

  @ApiPropertyOptional({
    type: 'string',
    format: 'date',
    description: `The last UTC day, at most ${MAX_DAYS} days with the first. Without it today, or a later \`from\`.`,
    example: '2026-11-30',
  })
  @IsOptional()
  @IsDay('to')
  to?: string;
}

/** The last row of a page, as its cursor holds it. */
export class UsagePosition {
  @IsDay('day')
  day!: string;

  @Matches(MODEL_NAME)
  model!: string;

  @IsIn(PURPOSES)
  purpose!: string;

  static readonly of = ({ day, model, purpose }: UsagePosition): UsagePosition => ({ day, model, purpose });
}

/**
 * The first and the last day that are asked for.
 *
 * @throws ValidationFailedError with the pointer `/from`: it is after `to`, or too long before it
 */
export function daysOf(
  { from: first, to: last }: Pick<UsageQuery, 'from' | 'to'>,
  now: Date,
): [from: string, to: string] {
  const today = utcDay(now);
  const to = last ?? laterOf(today, first ?? today);
  const from = first ?? `${earlierOf(today, to).slice(0, 8)}01`;
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
  if (days < 1) throw new ValidationFailedError([{ pointer: '/from', detail: 'from must not be after to' }]);
  if (days > MAX_DAYS) {
    const detail = `from must be at most ${MAX_DAYS - 1} days before to`;
    throw new ValidationFailedError([{ pointer: '/from', detail }]);
  }
  return [from, to];
}

const earlierOf = (a: string, b: string): string => (a < b ? a : b);
const laterOf = (a: string, b: string): string => (a < b ? b : a);
