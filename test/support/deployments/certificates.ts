import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

/** Paths of PEM files. */
export interface Certificates {
  /** The authority's certificate. */
  ca: string;
  /** A server's certificate by that authority, for `localhost` and 127.0.0.1. */
  cert: string;
  /** The server's key. */
  key: string;
}

const KEY = ['-newkey', 'rsa:2048', '-nodes', '-sha256'];

/** Makes an authority of one's own, and a server's certificate by it, with the `openssl` of the machine. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  await mkdir(folder, { recursive: true });
  const openssl = (...args: string[]) => execa('openssl', args, { cwd: folder });
  const authority = ['-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem'];
  await openssl('req', '-x509', ...KEY, '-days', '1', ...authority);
  await openssl('req', '-new', ...KEY, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signing, '-days', '1', '-out', 'server.pem');
  return { ca: join(folder, 'ca.pem'), cert: join(folder, 'server.pem'), key: join(folder, 'server.key') };
}
