import { Ajv, type ErrorObject } from 'ajv';
import schema from '../../../../plans.schema.json' with { type: 'json' };
import { pointerTo } from './json-syntax.js';
import { DEFAULT_PLAN } from './plan-catalogue.js';
import type { PlansFile } from './plans-file.js';

const hasShape = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<PlansFile>(schema);

/** What is wrong with a catalogue's file, all of it, each with a JSON pointer to its place. Values are not repeated. */
export function plansFileProblems(file: unknown): string[] {
  const shape = hasShape(file) ? [] : (hasShape.errors ?? []).map(inWords);
  const plans = recordAt(file, 'plans');
  return [...shape, ...modelProblems(plans, recordAt(file, 'models')), ...priceProblems(plans)];
}

/** An error of the schema, with a pointer to what is too much, missing or wrong. */
function inWords({ instancePath, keyword, params, message }: ErrorObject): string {
  const { additionalProperty, missingProperty, i, j } = params as Record<string, string | number | undefined>;
  if (additionalProperty !== undefined) {
    return `${instancePath}${pointerTo([additionalProperty])} ${UNKNOWN_KEY[instancePath] ?? 'is not a known setting'}`;
  }
  if (missingProperty !== undefined) return `${instancePath}${pointerTo([missingProperty])} is missing`;
  if (keyword === 'uniqueItems') return `${instancePath}/${Math.max(Number(i), Number(j))} is there twice`;
  return `${instancePath || '/'} ${(message ?? keyword).replace('integer,null', 'integer or null')}`;
}

/** What a key is that cannot be: under `models` and `plans` a name, elsewhere a setting. */
const UNKNOWN_KEY: Record<string, string> = {
  '/models': 'is no name of a model: lower-case letters, digits, dots and hyphens, without "models/"',
  '/plans': 'is no name of a plan: lower-case letters, digits, hyphens and underscores, beginning with a letter',
};

/** Models of plans that the file doesn't have, and defaults that their plan doesn't have. */
function modelProblems(plans: Record<string, unknown>, models: Record<string, unknown>): string[] {
  return Object.entries(plans).flatMap(([name, plan]) => {
    const { models: listed, defaultModel } = recordOf(plan);
    if (!Array.isArray(listed)) return [];
    const pointer = pointerTo(['plans', name]);
    const unknown = listed.flatMap((model: unknown, index) =>
      typeof model !== 'string' || Object.hasOwn(models, model) ? [] : `${pointer}/models/${index} is not in /models`,
    );
    const hasDefault = typeof defaultModel !== 'string' || listed.includes(defaultModel);
    return hasDefault ? unknown : [...unknown, `${pointer}/defaultModel is not in ${pointer}/models`];
  });
}

/** Prices of the plan that costs nothing, and prices that buy more than one thing. */
function priceProblems(plans: Record<string, unknown>): string[] {
  const problems: string[] = [];
  const places = new Map<string, string>();
  for (const [name, plan] of Object.entries(plans)) {
    const { prices } = recordOf(plan);
    if (name === DEFAULT_PLAN && prices !== undefined) {
      problems.push(`/plans/${DEFAULT_PLAN}/prices must not be there: this is the plan of whoever has not paid`);
    }
    for (const [interval, price] of Object.entries(recordOf(prices))) {
      const { id } = recordOf(price);
      const pointer = pointerTo(['plans', name, 'prices', interval, 'id']);
      if (typeof id !== 'string') continue;
      const earlier = places.get(id);
      if (earlier !== undefined) problems.push(`${pointer} is the same price as ${earlier}`);
      places.set(id, earlier ?? pointer);
    }
  }
  return problems;
}

/** The value as an object; an empty one where it is none. */
const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const recordAt = (value: unknown, key: string): Record<string, unknown> => recordOf(recordOf(value)[key]);
