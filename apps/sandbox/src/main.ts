import 'reflect-metadata';
import { createSandbox } from './create-sandbox.js';
import { readSandboxConfig } from './sandbox.config.js';

try {
  // eslint-disable-next-line no-restricted-properties -- the sandbox shares no code with the product
  const config = readSandboxConfig(process.env);
  const app = await createSandbox(config);
  app.enableShutdownHooks();
  await app.listen(config.port, config.host);
  process.stdout.write(`Sandbox is listening at ${await app.getUrl()}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
