/** `npm run db:check`: fails, and shows the difference, unless the migrations add up to the schema. */
import { missingSql } from './missing-sql.mjs';

// The engine leaves timers behind, so the process is ended by hand.
await missingSql().then(
  (sql) => {
    if (sql === null) console.log('Schema and migrations agree.');
    else
      console.error(
        `The migrations don't make the schema. Missing (npm run db:migration -- NAME writes it):\n\n${sql}`,
      );
    process.exit(sql === null ? 0 : 1);
  },
  (/** @type {Error} */ error) => {
    console.error(`Check failed: ${error.message}`);
    process.exit(1);
  },
);
