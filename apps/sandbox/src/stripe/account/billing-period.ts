import type { Interval } from './records.js';

const DAY_SECONDS = 86_400;

/** When the period ends that holds the given instant, counted from the anchor. Months keep the anchor's day where they have it. */
export function periodEnd(anchor: number, interval: Interval, count: number, from: number): number {
  if (interval === 'day' || interval === 'week') {
    const length = DAY_SECONDS * count * (interval === 'week' ? 7 : 1);
    return anchor + length * (Math.floor((from - anchor) / length) + 1);
  }
  const months = count * (interval === 'year' ? 12 : 1);
  const elapsed = Math.max(0, monthsBetween(anchor, from));
  let periods = Math.max(1, Math.floor(elapsed / months));
  while (addMonths(anchor, periods * months) <= from) periods += 1;
  return addMonths(anchor, periods * months);
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
