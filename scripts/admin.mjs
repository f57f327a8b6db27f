/**
 * `npm run admin -- COMMAND`: the operators' command line on the product that `npm start` runs, or on that of the environment: with
 * DATABASE_URL set it takes the API's variables. In an image it is `node dist/admin/main.js`. Uses nothing but Node.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runningEnvironment } from './local/running.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = `${root}dist/admin/main.js`;

/** @returns {NodeJS.ProcessEnv} @throws {Error} when no product is known */
function environment() {
  if (process.env['DATABASE_URL']) return process.env;
  const running = runningEnvironment();
  if (running === null)
    throw new Error('Nothing runs here. Run "npm start" first, or set DATABASE_URL and the variables of the API.');
  return { ...running, ...process.env };
}

try {
  if (!existsSync(program)) throw new Error('It is not built: npm run build.');
  const { status } = spawnSync(process.execPath, [program, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: environment(),
  });
  process.exitCode = status ?? 1;
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exitCode = 1;
}
