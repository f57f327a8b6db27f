/** `npm run check`: everything that CI checks besides the tests. */
import { runCommand } from './node/begin.mjs';

await runCommand(async () => {
  const { runChecks } = await import('./checks/run.mjs');
  process.exitCode = (await runChecks()) ? 0 : 1;
});
