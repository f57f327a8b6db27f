/** A server far away: HTTPS, with a delay on the way, before one that is near. */
import { createServer as createHttpsServer } from 'node:https';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from '../../scripts/services/ports.mjs';

/** @import {AddressInfo, Server, Socket} from 'node:net' */

/** @param {Server} server @param {number} port */
const listening = (server, port) =>
  new Promise((resolve) =>
    server.listen(port, '127.0.0.1', () => resolve(/** @type {AddressInfo} */ (server.address()).port)),
  );

/**
 * Like Google, it doesn't say for how long it keeps connections, and keeps them long.
 *
 * @param {{target: string, roundTripMs: number, folder: string}} options
 * @returns {Promise<{url: string, ca: string, close: () => void}>} `ca`: the file of its certificate
 */
export async function startSlowTls({ target, roundTripMs, folder }) {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await execa('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject]);
  const tls = createHttpsServer({ key: await readFile(key), cert: await readFile(cert) }, (incoming, outgoing) => {
    const forwarded = request(`${target}${incoming.url}`, { method: incoming.method, headers: incoming.headers });
    forwarded.on('response', (response) => {
      const type = response.headers['content-type'] ?? '';
      outgoing.writeHead(response.statusCode ?? 502, { 'content-type': type });
      response.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  // Zero: without the header that tells clients when to close.
  tls.keepAliveTimeout = 0;
  const tlsPort = await listening(tls, await freePort());
  const relay = createServer((client) => {
    const server = connect({ port: tlsPort, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    delayed(client, server, roundTripMs / 2);
    delayed(server, client, roundTripMs / 2);
  });
  const port = await listening(relay, await freePort());
  const close = () => {
    relay.close();
    tls.close();
    tls.closeAllConnections();
  };
  return { url: `https://localhost:${port}`, ca: cert, close };
}

/** @param {Socket} from @param {Socket} to @param {number} ms */
function delayed(from, to, ms) {
  from.on('data', (bytes) => void setTimeout(() => to.write(bytes), ms));
  from.on('close', () => void setTimeout(() => to.destroy(), ms));
  from.on('error', () => undefined);
}
