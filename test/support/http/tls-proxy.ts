import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { execa } from 'execa';

/** What a server promises of idle connections, which the services of production do not. */
const KEEP_ALIVE_HEADER = /\r\nKeep-Alive: [^\r]*(?=\r\n)/i;

/**
 * Puts TLS in front of a service on 127.0.0.1, as production wants it, with a certificate of its own. Its answers say nothing
 * of how long a connection is kept.
 */
export class TlsProxy {
  /** The connections made since it was started. */
  handshakes = 0;

  private constructor(
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  /**
   * @param port of the service, on 127.0.0.1
   * @param delayMs how late all bytes arrive, each way
   */
  static async to(port: number, delayMs = 0): Promise<TlsProxy> {
    const folder = mkdtempSync(join(tmpdir(), 'tls-proxy-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await execa('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
    const proxy = new TlsProxy(server, folder);
    server.on('secureConnection', (client) => {
      proxy.handshakes++;
      const service = connect(port, '127.0.0.1');
      pass(client, service, delayMs);
      pass(service, client, delayMs, (text) => text.replace(KEEP_ALIVE_HEADER, ''));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The variable by which a process trusts the certificate. */
  get trust(): { NODE_EXTRA_CA_CERTS: string } {
    return { NODE_EXTRA_CA_CERTS: join(this.folder, 'cert.pem') };
  }

  stop(): void {
    this.server.close();
    rmSync(this.folder, { recursive: true });
  }
}

function pass(from: Socket, to: Socket, delayMs: number, change = (text: string): string => text): void {
  from.on('data', (bytes) => setTimeout(() => to.write(change(bytes.toString('latin1')), 'latin1'), delayMs));
  from.on('end', () => setTimeout(() => to.end(), delayMs));
  from.on('error', () => to.destroy());
  from.on('close', () => setTimeout(() => to.destroy(), delayMs));
}
