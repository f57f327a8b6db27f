/** How often a price is paid. */
export const INTERVALS = ['month', 'year'] as const;
export type Interval = (typeof INTERVALS)[number];

/** The kinds of files that models take. Each is what stands before the `/` of its media types, but for PDFs. */
export const FILE_KINDS = ['image', 'pdf', 'audio', 'text'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** What a plan costs at Stripe, and how it is sold. */
export interface PlanPrice {
  /** Stripe's id of the recurring price. */
  id: string;
  /** Days before the first payment. */
  trialDays: number;
  /** Whether the checkout page takes promotion codes. */
  promotionCodes: boolean;
  /** Whether Stripe works out the tax. */
  automaticTax: boolean;
}

/** What a user may be on, and what it allows. */
export interface Plan {
  /** The catalogue's key, such as `pro`. */
  name: string;
  label: string;
  /** Messages per UTC day; null: no limit. */
  dailyMessages: number | null;
  /** The names of the models that it has. */
  models: string[];
  /** The model that answers where a room has chosen none that the plan has. One of `models`. */
  defaultModel: string;
  /** Replies of one user that are written at once. */
  concurrentReplies: number;
  /** The longest answer in tokens, with what the model thinks before it. */
  maxOutputTokens: number;
  /** How many tokens of earlier conversation the model is shown. */
  historyTokens: number;
  maxChatrooms: number;
  /** The longest message in Unicode code points. */
  maxMessageCharacters: number;
  /** The largest file, in bytes. */
  maxFileBytes: number;
  /** What all files of a user may have together, in bytes. */
  fileBytesStored: number;
  /** Files that a message may have. */
  filesPerMessage: number;
  /** How it can be bought. Empty: not at all. */
  prices: Partial<Record<Interval, PlanPrice>>;
}

/** A model on offer. */
export interface CatalogueModel {
  /** The vendor's name. */
  name: string;
  label: string;
  /** The kinds of files that it takes. */
  files: readonly FileKind[];
  /** US dollars per million tokens; null: not known. `cached` null: like `input`. Thoughts cost what output costs. */
  usdPerMillion: { input: number; cached: number | null; output: number } | null;
  /** US dollars per thousand searches of the web, as the vendor counts them; null: not known, so they count nothing. */
  usdPerThousandSearches: number | null;
}

/** The plan of everyone who has no subscription that counts. */
export const DEFAULT_PLAN = 'basic';

/**
 * What statements may need of a plan.
 *
 * @param height its place in the catalogue, 0 for the lowest
 */
const limitsOf = ({ dailyMessages, models, defaultModel, ...plan }: Plan, height: number) => ({
  height,
  dailyMessages,
  models,
  defaultModel,
  concurrentReplies: plan.concurrentReplies,
  maxOutputTokens: plan.maxOutputTokens,
  historyTokens: plan.historyTokens,
  maxChatrooms: plan.maxChatrooms,
  maxMessageCharacters: plan.maxMessageCharacters,
  maxFileBytes: plan.maxFileBytes,
  fileBytesStored: plan.fileBytesStored,
  filesPerMessage: plan.filesPerMessage,
});

/** The plans and models on offer, as the operator's file has them. */
export class PlanCatalogue {
  /** What `planOfUserSql`, `planLimitSql` and `modelFilesSql` read: one parameter of a statement, JSON in text. */
  readonly sqlParameter: string;
  /** The smallest and the largest `maxMessageCharacters` of all plans. */
  readonly messageCharacters: { smallest: number; largest: number };

  /**
   * @param plans from the one that costs nothing upwards; the first is {@link DEFAULT_PLAN}
   * @param models all that are in any plan
   */
  constructor(
    readonly plans: readonly Plan[],
    readonly models: readonly CatalogueModel[],
  ) {
    this.sqlParameter = JSON.stringify({
      lowestPaid: this.lowestPaid?.name ?? DEFAULT_PLAN,
      plans: Object.fromEntries(plans.map((plan, height) => [plan.name, limitsOf(plan, height)])),
      files: Object.fromEntries(models.map(({ name, files }) => [name, files])),
    });
    const characters = plans.map(({ maxMessageCharacters }) => maxMessageCharacters);
    this.messageCharacters = { smallest: Math.min(...characters), largest: Math.max(...characters) };
  }

  /** The paid plan that counts where Stripe's price is not in the catalogue; null: only the default plan is on offer. */
  get lowestPaid(): Plan | null {
    return this.plans[1] ?? null;
  }

  /** @throws Error for a plan that the catalogue doesn't have */
  plan(name: string): Plan {
    const plan = this.find(name);
    if (plan === null) throw new Error(`The catalogue has no plan ${name}`);
    return plan;
  }

  /** The plan of this name; null: the catalogue has none. */
  find(name: string): Plan | null {
    return this.plans.find((plan) => plan.name === name) ?? null;
  }

  /** The plan that is sold at a price of Stripe's; null: none. */
  planOfPrice(priceId: string): Plan | null {
    return this.plans.find(({ prices }) => Object.values(prices).some(({ id }) => id === priceId)) ?? null;
  }

  /** The plans that have a model, in their order. Empty: it is not on offer. */
  plansWith(model: string): readonly Plan[] {
    return this.plans.filter(({ models }) => models.includes(model));
  }

  /** The model of this name, also one that no plan has any more; null: the catalogue has none. */
  model(name: string): CatalogueModel | null {
    return this.models.find((model) => model.name === name) ?? null;
  }

  /** The value of a metric's label for a model: `other` stands for those that the catalogue doesn't have, so that the values are few. */
  labelOf(name: string | null): string {
    return (name === null ? null : this.model(name))?.name ?? 'other';
  }
}
