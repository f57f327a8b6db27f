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
 * @param plansFile the path of the file; null: there is none. What is wrong in it is for the product to say, and is left out here
 */
export function priceList(proPriceId: string, plansFile: string | null): ListedPrice[] {
  const pro = {
    id: proPriceId,
    interval: 'month',
    product: 'prod_pro',
    name: 'Pro',
    unitAmount: MONTHLY_CENTS,
  } as const;
  const ofFile = Object.entries(plansOf(plansFile)).flatMap(([plan, { label, prices }], step) =>
    (['month', 'year'] as const).flatMap((interval): ListedPrice[] => {
      const id = prices?.[interval]?.id;
      if (!id || id === proPriceId) return [];
      const unitAmount = MONTHLY_CENTS * Math.max(1, step) * (interval === 'year' ? MONTHS_PAID_BY_THE_YEAR : 1);
      return [{ id, interval, product: `prod_${plan}`, name: label ?? plan, unitAmount }];
    }),
  );
  return [pro, ...ofFile];
}

interface FilePlan {
  label?: string;
  prices?: Partial<Record<Interval, { id?: string }>>;
}

function plansOf(path: string | null): Record<string, FilePlan> {
  try {
    const file = path === null ? {} : (JSON.parse(readFileSync(path, 'utf8')) as { plans?: Record<string, FilePlan> });
    return file.plans ?? {};
  } catch {
    return {};
  }
}
