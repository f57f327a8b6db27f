const DEFAULTS = Symbol('defaults outside production');

/**
 * What an environment variable that is absent means outside production, as it would be written. In production, which an
 * environment without `NODE_ENV` is, the default of its class holds.
 */
export const DefaultOutsideProduction =
  (value: string): PropertyDecorator =>
  (target, name) =>
    Reflect.defineMetadata(DEFAULTS, { ...defaultsOutsideProduction(target), [name]: value }, target);

/** The defaults of a configuration class that hold outside production, by the names of the variables. */
export const defaultsOutsideProduction = (prototype: object): Record<string, string> =>
  (Reflect.getMetadata(DEFAULTS, prototype) ?? {}) as Record<string, string>;
