import type { Interval } from './records.js';

const MONTHS: Record<Interval, number> = { month: 1, year: 12 };

/**
 * When the period ends that holds the given instant. Months and years are counted from the anchor and keep its day where they have it.
 * Instants are Unix seconds.
 */
export function periodEnd(anchor: number, from: number, interval: Interval = 'month'): number {
  const length = MONTHS[interval];
  let periods = Math.max(1, Math.floor(monthsBetween(anchor, from) / length));
  while (addMonths(anchor, periods * length) <= from) periods += 1;
  return addMonths(anchor, periods * length);
}

function monthsBetween(earlier: number, later: number): number {
  const [from, to] = [new Date(earlier * 1000), new Date(later * 1000)];
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth() - 1;
}

function addMonths(instant: number, months: number): number {
  const date = new Date(instant * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1000);
}
