import { createRequire } from 'node:module';
import { TestEnvironment } from 'jest-environment-node';

/** Node's own environment, with a way to load a package past Jest's loader (see nestjs-throttler.mjs). */
export default class NodeEnvironment extends TestEnvironment {
  /** @override */
  async setup() {
    await super.setup();
    Object.assign(this.global, { requireNatively: createRequire(import.meta.url) });
  }
}
