import { Reflector } from '@nestjs/core';

/** Opens a route, or a controller's routes, to callers without a token. Everything else is closed. */
export const Public = Reflector.createDecorator<void, true>({ transform: () => true });
