/**
 * `npm run test:operations`: what operators do with the built product, and what happens to it meanwhile. Rolling deploys behind proxies, faults of
 * PostgreSQL and Redis under load, alarms that real Prometheus fires, a restore from a backup, changed secrets,
 * migrations of a database in use, the operators' command line, and each kind of Redis.
 */
import { runTestCommand } from './testing/command.mjs';

await runTestCommand([...process.argv.slice(2), '--selectProjects', 'operations']);
