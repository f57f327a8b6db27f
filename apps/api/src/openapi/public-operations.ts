import { Public } from '@app/auth';
import type { INestApplication, Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer, Reflector } from '@nestjs/core';
import { DECORATORS } from '@nestjs/swagger';

/** The operationIds of the routes that the guard lets through without a token: asked of the metadata that it asks. */
export function publicOperations(app: INestApplication): Set<string> {
  const reflector = app.get(Reflector);
  return new Set(
    controllersOf(app)
      .flatMap((controller) => handlersOf(controller).map((handler) => ({ controller, handler })))
      .filter(({ controller, handler }) => reflector.getAllAndOverride(Public, [handler, controller]))
      .map(({ handler }) => operationIdOf(handler))
      .filter((operationId) => operationId !== undefined),
  );
}

const controllersOf = (app: INestApplication): Type[] =>
  [...app.get(ModulesContainer).values()]
    .flatMap((module) => [...module.controllers.values()])
    .map(({ metatype }) => metatype as Type);

function handlersOf({ prototype }: Type): (() => unknown)[] {
  const methods = prototype as Record<string, () => unknown>;
  return new MetadataScanner()
    .getAllMethodNames(methods)
    .map((name) => methods[name])
    .filter((handler) => handler !== undefined);
}

const operationIdOf = (handler: () => unknown): string | undefined =>
  (Reflect.getMetadata(DECORATORS.API_OPERATION, handler) as { operationId?: string } | undefined)?.operationId;
