/**
 * `npm test`: all tests but those of `npm run test:clients`, `npm run test:operations` and `npm run load`, from a bare clone. Provides a PostgreSQL
 * and a Redis of its own for the time of the run, builds what is stale, and passes its arguments to Jest: `npm test -- quota`, `npm test -- --selectProjects unit`.
 */
import { runTestCommand } from './testing/command.mjs';

await runTestCommand(process.argv.slice(2));
