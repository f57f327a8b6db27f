/**
 * `npm run test:clients`: what clients do with the built product. The client library and its hooks, the chat page and Swagger UI in a browser,
 * clients that are generated of the running product's description and compiled, the Postman collection, the Arazzo description, the example, and
 * what the documentation says.
 */
import { runTestCommand } from './testing/command.mjs';

await runTestCommand([...process.argv.slice(2), '--selectProjects', 'clients']);
