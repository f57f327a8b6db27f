import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { refuseTakenPorts } from './published-ports.mjs';
import { freePort } from '../services/ports.mjs';

async function freePorts(): Promise<Record<string, string>> {
  const names = ['PORT', 'METRICS_PORT', 'WORKER_HEALTH_PORT', 'SANDBOX_PORT'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, String(await freePort())] as const)));
}

describe('Ports of a local run', () => {
  it('are fine when they are free', async () => {
    await expect(refuseTakenPorts(await freePorts())).resolves.toBeUndefined();
  });

  it('are refused by number and variable when something listens there, even on one address', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(refuseTakenPorts({ ...(await freePorts()), SANDBOX_PORT: String(port) })).rejects.toThrow(
      `Port ${port} is taken: the sandbox needs it. Free it, or set SANDBOX_PORT to another.`,
    );
    server.close();
  });

  it('are refused when they are none', async () => {
    await expect(refuseTakenPorts({ ...(await freePorts()), PORT: 'abc' })).rejects.toThrow(
      'PORT must be a port number: the API is to listen there.',
    );
  });
});
