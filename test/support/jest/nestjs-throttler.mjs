// Replaces `@nestjs/throttler` in Jest by the real package, loaded by Node itself. It is CommonJS that requires Nest, which
// is ESM, and Jest's own loader can't do that before Node 24.9. That suffices to import modules that use it; tests that
// start them belong in test/e2e, against the built product.
/** @type {{ requireNatively: NodeJS.Require }} */
const { requireNatively } = /** @type {any} */ (globalThis);

export const { ThrottlerGuard, ThrottlerModule, ThrottlerStorage } = requireNatively('@nestjs/throttler');
