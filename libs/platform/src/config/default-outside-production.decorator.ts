const DEFAULTS = Symbol('defaults outside production');

/** What a variable means when it is absent, as it would be written. `env` is without variables that are blank. */
type Default = (env: NodeJS.ProcessEnv) => string;

/**
 * What an environment variable that is absent means outside production. In production, which an environment without `NODE_ENV` is,
 * the default of its class holds.
 *
 * @param value may follow other variables
 */
export const DefaultOutsideProduction =
  (value: Default): PropertyDecorator =>
  (target, name) =>
    Reflect.defineMetadata(DEFAULTS, { ...defaultsOf(target), [name]: value }, target);

/** The defaults of a configuration class that hold outside production, by the names of the variables. */
export const defaultsOutsideProduction = (prototype: object, env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(defaultsOf(prototype)).map(([name, value]) => [name, value(env)]));

const defaultsOf = (prototype: object) => (Reflect.getMetadata(DEFAULTS, prototype) ?? {}) as Record<string, Default>;
