import { readFileSync } from 'node:fs';
import type { Interval } from './account/records.js';

/** A price that exists from the start, with the product that it is for. */
export interface ListedPrice {
  id: string;
  interval: Interval;
  product: string;
  /** The product's name, as pages show it. */
  name: string;
  /** In cents of a US dollar. */
  unitAmount: number;
}

const MONTHLY_CENTS = 2_000;
const MONTHS_PAID_BY_THE_YEAR = 10;

/**
 * The prices that exist from the start: Pro's monthly one, and those of the product's file of plans. The file says nothing about
 * money: a paid plan costs 20 USD a month for each step above the free one, and a year costs ten months.
 *
 * @param proPriceId Pro's monthly price
 * @param plansFile the path of the file; null: there is none. One that is broken counts as none: what is wrong with it is for the
 *   product to say
 */
export function priceList(proPriceId: string, plansFile: string | null): ListedPrice[] {
  const pro = {
    id: proPriceId,
    interval: 'month',
    product: 'prod_pro',
    name: 'Pro',
    unitAmount: MONTHLY_CENTS,
  } as const;
  if (plansFile === null) return [pro];
  try {
    return [pro, ...pricesIn(readFileSync(plansFile, 'utf8')).filter(({ id }) => id !== proPriceId)];
  } catch {
    return [pro];
  }
}

interface FilePlan {
  label: string;
  prices?: Partial<Record<Interval, { id: string }>>;
}

/** @throws Error, of any kind, unless it is a file of plans */
function pricesIn(text: string): ListedPrice[] {
  const { plans } = JSON.parse(text.replace(/^\uFEFF/, '')) as { plans: Record<string, FilePlan> };
  return Object.entries(plans).flatMap(([plan, { label, prices = {} }], step) =>
    Object.entries(prices).map(([interval, { id }]) => ({
      id,
      interval: interval as Interval,
      product: `prod_${plan}`,
      name: label,
      unitAmount: MONTHLY_CENTS * Math.max(1, step) * (interval === 'year' ? MONTHS_PAID_BY_THE_YEAR : 1),
    })),
  );
}
