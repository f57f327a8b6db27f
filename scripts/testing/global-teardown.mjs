/** Jest calls this after the tests, in the process of the setup. */
import { services } from './global-setup.mjs';

export default async function globalTeardown() {
  await services?.stop();
}
