import { type PlansFile, plansFile } from '../support/plans-file.js';

/** The model of most rooms, and of titles: the default of each plan. */
export const DEFAULT_MODEL = 'gemini-flash-latest';

/** Models that are over their rate limit, or down, from time to time. */
export const UNSTEADY_MODELS = ['gemini-pro-latest', 'gemini-flash-lite-latest'] as const;

export const MODELS = [DEFAULT_MODEL, ...UNSTEADY_MODELS] as const;

/** The replies of one user that may be written at once: fewer than each client has rooms. */
export const CONCURRENT_REPLIES = { basic: 1, pro: 2 } as const;

/** Writes the catalogue of a run. Histories are short, and seldom so long that they are counted: the sandbox's journal has to hold all calls. */
export const chaosPlans = (): string =>
  plansFile(({ models, plans }: PlansFile) => {
    for (const model of UNSTEADY_MODELS) models[model] = { label: model };
    for (const plan of ['basic', 'pro'] as const) {
      plans[plan].models = [...MODELS];
      plans[plan].defaultModel = DEFAULT_MODEL;
      plans[plan].concurrentReplies = CONCURRENT_REPLIES[plan];
      plans[plan].historyTokens = 2_500;
    }
  });
