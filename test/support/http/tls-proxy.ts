import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { execa } from 'execa';

/** Puts TLS in front of a service on 127.0.0.1, as production wants it, with a certificate of its own. */
export class TlsProxy {
  private constructor(
    private readonly server: Server,
    private readonly folder: string,
  ) {}

  /** @param port of the service, on 127.0.0.1 */
  static async to(port: number): Promise<TlsProxy> {
    const folder = mkdtempSync(join(tmpdir(), 'tls-proxy-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    await execa('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject]);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (client) => {
      const service = connect(port, '127.0.0.1');
      for (const socket of [client, service]) socket.on('error', () => (client.destroy(), service.destroy()));
      client.pipe(service).pipe(client);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TlsProxy(server, folder);
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
