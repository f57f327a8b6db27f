const READABLE = Symbol('variables that a file may hold');

/**
 * An environment variable whose value may stand in a file instead, which `X_FILE` names for a variable `X`: as Docker and Kubernetes
 * provide secrets, so that no listing of processes or containers shows them. `@SecretVariable()` includes it.
 */
export const ReadableFromFile =
  (): PropertyDecorator =>
  (target, name): void =>
    Reflect.defineMetadata(READABLE, [...variablesReadableFromFile(target), String(name)], target);

/** The variables of a configuration class that a file may hold. */
export const variablesReadableFromFile = (prototype: object): string[] =>
  (Reflect.getMetadata(READABLE, prototype) ?? []) as string[];
