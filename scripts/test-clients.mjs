/**
 * `npm run test:clients`: generates clients from the running product's description, compiles them and has each send a message; walks through
 * the Postman collection and the Arazzo description; builds the example; runs what the documentation says.
 */
import { runTestCommand } from './testing/command.mjs';

await runTestCommand([...process.argv.slice(2), '--selectProjects', 'clients']);
