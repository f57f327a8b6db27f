const DEFAULTS = Symbol('defaults outside production');

/** What variables that a default names mean when they are absent themselves, by their names. */
type Named = Record<string, string>;

interface Default {
  value: string;
  named: Named;
}

/**
 * What an environment variable that is absent means outside production, as it would be written. In production, which an
 * environment without `NODE_ENV` is, the default of its class holds.
 *
 * @param value may name other variables, such as `http://localhost:{PORT}`
 * @param named what those mean when they are absent
 */
export const DefaultOutsideProduction =
  (value: string, named: Named = {}): PropertyDecorator =>
  (target, name) =>
    Reflect.defineMetadata(DEFAULTS, { ...defaultsOf(target), [name]: { value, named } }, target);

/** The defaults of a configuration class that hold outside production, by the names of the variables. */
export const defaultsOutsideProduction = (prototype: object, env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(
    Object.entries(defaultsOf(prototype)).map(([name, { value, named }]) => [
      name,
      fillIn(value, { ...named, ...env }),
    ]),
  );

const defaultsOf = (prototype: object) => (Reflect.getMetadata(DEFAULTS, prototype) ?? {}) as Record<string, Default>;

const fillIn = (value: string, variables: NodeJS.ProcessEnv): string =>
  value.replace(/\{([A-Z_]+)\}/g, (_, name: string) => variables[name] ?? '');
