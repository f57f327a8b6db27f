import type { INestApplication, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';

/** A method of a controller, with the metadata of its decorators. */
export type Handler = () => unknown;

/** The controllers of all modules. */
export const controllersOf = (app: INestApplication): Type[] =>
  [...app.get(ModulesContainer).values()]
    .flatMap((module) => [...module.controllers.values()])
    .map(({ metatype }) => metatype as Type);

/** The methods of a controller. */
export function handlersOf({ prototype }: Type): Handler[] {
  const methods = prototype as Record<string, Handler>;
  return new MetadataScanner()
    .getAllMethodNames(methods)
    .map((name) => methods[name])
    .filter((handler) => handler !== undefined);
}
