import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from '@app/platform';
import shipped from '../../../../plans.json' with { type: 'json' };
import { syntaxProblems } from './json-syntax.js';
import {
  type CatalogueModel,
  DEFAULT_PLAN,
  FILE_KINDS,
  type Plan,
  PlanCatalogue,
  type PlanPrice,
} from './plan-catalogue.js';
import { plansFileProblems } from './plans-file-problems.js';
import type { FileModel, FilePlan, FilePrice, PlansFile } from './plans-file.js';

/** The plan whose monthly price a variable may name. */
const PRO_PLAN = 'pro';

/** What plans allow of files unless the file says something else: files of 20 MiB, 1 GiB together, and ten in a message. */
const FILE_LIMITS = { maxFileBytes: 20_971_520, fileBytesStored: 1_073_741_824, filesPerMessage: 10 };

/** The variables that the catalogue follows from, see `CatalogueConfig`. */
export interface CatalogueSettings {
  PLANS_FILE?: string;
  GEMINI_MODEL: string;
  BASIC_DAILY_MESSAGES?: number;
  STRIPE_PRICE_ID?: string;
}

/**
 * Reads the operator's file, or the one that ships, and applies the variables that override it.
 *
 * @throws ConfigError naming everything that is wrong with the file, each by its JSON pointer
 */
export function loadPlanCatalogue(settings: CatalogueSettings): PlanCatalogue {
  const file = readPlansFile(settings.PLANS_FILE);
  assertOwnPrice(file, settings.STRIPE_PRICE_ID);
  const own = settings.GEMINI_MODEL;
  // A plan without a default takes the deployment's model, which then is on offer in every plan.
  const offersOwn = Object.values(file.plans).some(({ defaultModel }) => defaultModel === undefined);
  const plans = Object.entries(file.plans)
    .map(([name, plan]) => completePlan(name, plan, settings))
    .map((plan) => (offersOwn ? { ...plan, models: [...new Set([...plan.models, own])] } : plan));
  const models = Object.entries(file.models).map(([name, model]) => completeModel(name, model));
  if (offersOwn && !Object.hasOwn(file.models, own)) models.push(completeModel(own, { label: own }));
  return new PlanCatalogue(fromDefaultUpwards(plans), models);
}

/** @throws ConfigError */
function readPlansFile(path: string | undefined): PlansFile {
  if (path === undefined) return checked('plans.json', shipped);
  const text = textOf(path).replace(/^\uFEFF/, '');
  const broken = syntaxProblems(text);
  if (broken.length > 0) throw new ConfigError(broken.map((problem) => `PLANS_FILE: ${problem}`));
  return checked('PLANS_FILE', JSON.parse(text));
}

/** @param path from the working directory @throws ConfigError */
function textOf(path: string): string {
  try {
    return readFileSync(resolve(path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`PLANS_FILE cannot be read: ${code} for ${resolve(path)}`]);
  }
}

/** @param source what the operator knows the file by @throws ConfigError */
function checked(source: string, file: unknown): PlansFile {
  const problems = plansFileProblems(file);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `${source}: ${problem}`));
  return file as PlansFile;
}

/** @throws ConfigError when the price in the variable is that of something else in the file */
function assertOwnPrice(file: PlansFile, priceId: string | undefined): void {
  if (priceId === undefined) return;
  for (const [name, { prices = {} }] of Object.entries(file.plans)) {
    for (const [interval, { id }] of Object.entries(prices)) {
      const pointer = `/plans/${name}/prices/${interval}/id`;
      if (id === priceId && pointer !== `/plans/${PRO_PLAN}/prices/month/id`) {
        throw new ConfigError([`STRIPE_PRICE_ID is the same price as ${pointer}`]);
      }
    }
  }
}

function completePlan(name: string, plan: FilePlan, settings: CatalogueSettings): Plan {
  const { defaultModel = settings.GEMINI_MODEL, prices = {}, dailyMessages, ...rest } = plan;
  const { month, year } = prices;
  const monthly = name === PRO_PLAN ? (settings.STRIPE_PRICE_ID ?? month?.id) : month?.id;
  return {
    ...FILE_LIMITS,
    ...rest,
    name,
    defaultModel,
    dailyMessages: (name === DEFAULT_PLAN ? settings.BASIC_DAILY_MESSAGES : undefined) ?? dailyMessages,
    prices: {
      ...(monthly === undefined ? {} : { month: completePrice({ ...month, id: monthly }) }),
      ...(year === undefined ? {} : { year: completePrice(year) }),
    },
  };
}

const completePrice = (price: FilePrice): PlanPrice => ({
  trialDays: 0,
  promotionCodes: false,
  automaticTax: false,
  ...price,
});

const completeModel = (
  name: string,
  { label, files = [...FILE_KINDS], usdPerMillion, usdPerThousandSearches }: FileModel,
): CatalogueModel => ({
  name,
  label,
  files,
  usdPerMillion: usdPerMillion === undefined ? null : { cached: null, ...usdPerMillion },
  usdPerThousandSearches: usdPerThousandSearches ?? null,
});

/** The plan that costs nothing first, wherever the file has it; the others in the file's order. */
const fromDefaultUpwards = (plans: Plan[]): Plan[] =>
  plans.toSorted((a, b) => Number(b.name === DEFAULT_PLAN) - Number(a.name === DEFAULT_PLAN));
