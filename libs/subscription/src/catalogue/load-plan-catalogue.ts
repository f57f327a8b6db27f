import { readFileSync } from 'node:fs';
import shipped from '../../../../plans.json' with { type: 'json' };
import type { CatalogueConfig } from './catalogue.config.js';
import { type CatalogueModel, type Interval, type Plan, PlanCatalogue, type PlanPrice } from './plan-catalogue.js';

/** The file as it is written. */
interface PlansFile {
  models: Record<string, Omit<CatalogueModel, 'name'>>;
  plans: Record<string, FilePlan>;
}
type FilePlan = Omit<Plan, 'name' | 'defaultModel' | 'prices'> & {
  defaultModel?: string;
  prices?: Partial<Record<Interval, Partial<PlanPrice>>>;
};

/** Reads the operator's file, or the one that ships, and applies the variables that override it. */
export function loadPlanCatalogue(config: CatalogueConfig): PlanCatalogue {
  const file = (
    config.PLANS_FILE === undefined ? shipped : JSON.parse(readFileSync(config.PLANS_FILE, 'utf8'))
  ) as PlansFile;
  const plans = Object.entries(file.plans).map(([name, plan]) => completePlan(name, plan, config));
  const models = Object.entries(file.models).map(([name, model]) => ({ ...model, name }));
  const isOffered = models.some(({ name }) => name === config.GEMINI_MODEL);
  const own = isOffered ? [] : [{ name: config.GEMINI_MODEL, label: config.GEMINI_MODEL, usdPerMillion: null }];
  return new PlanCatalogue(plans, [...models, ...own]);
}

function completePlan(name: string, plan: FilePlan, config: CatalogueConfig): Plan {
  const defaultModel = plan.defaultModel ?? config.GEMINI_MODEL;
  const month = name === 'pro' ? config.STRIPE_PRICE_ID : undefined;
  return {
    ...plan,
    name,
    defaultModel,
    models: [...new Set([...plan.models, defaultModel])],
    dailyMessages: (name === 'basic' ? config.BASIC_DAILY_MESSAGES : undefined) ?? plan.dailyMessages,
    prices:
      month === undefined ? {} : { month: { id: month, trialDays: 0, promotionCodes: true, automaticTax: false } },
  };
}
