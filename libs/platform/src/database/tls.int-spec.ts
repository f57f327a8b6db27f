import { randomUUID } from 'node:crypto';
import { chown, copyFile, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { freePort } from '../../../../scripts/services/ports.mjs';
import { NO_FSYNC, type Postgres, startPostgres } from '../../../../scripts/services/postgres.mjs';
import { Processes } from '../../../../scripts/services/processes.mjs';
import { type Certificates, makeCertificates } from '../../../../test/support/deployments/certificates.js';
import { Database } from './database.client.js';
import { DatabaseConfig } from './database.config.js';

const MIGRATE = fileURLToPath(new URL('../../../../prisma/migrate.mjs', import.meta.url));

let processes: Processes;
let server: Postgres;
let certificates: Certificates;
let otherAuthority: string;

beforeAll(async () => {
  processes = new Processes();
  const folder = await mkdtemp(join(tmpdir(), 'chat-tls-'));
  processes.removeAtEnd(folder);
  certificates = await makeCertificates(join(folder, 'certificates'));
  otherAuthority = (await makeCertificates(join(folder, 'others'))).ca;
  const options = {
    folder: join(folder, 'postgres'),
    port: await freePort(),
    password: randomUUID(),
    settings: NO_FSYNC,
  };
  // Makes its data, whose owner has to own the key, too.
  server = await startPostgres(processes, options);
  await server.process.stop();
  const key = join(options.folder, 'server.key');
  await copyFile(certificates.key, key);
  const { uid, gid } = await stat(options.folder);
  await chown(key, uid, gid);
  const certificate = join(options.folder, 'server.pem');
  await copyFile(certificates.cert, certificate);
  const tls = { ssl: 'on', ssl_cert_file: certificate, ssl_key_file: key };
  server = await startPostgres(processes, { ...options, settings: { ...NO_FSYNC, ...tls } });
}, 60_000);
afterAll(() => processes.stop());

function urlWith(parameters: Record<string, string>, host = 'localhost'): string {
  const url = Object.assign(new URL(server.url('postgres')), { hostname: host });
  url.search = new URLSearchParams(parameters).toString();
  return url.href;
}

/** Whether the connection is encrypted, as the server sees it. */
async function isEncrypted(url: string): Promise<boolean> {
  const database = new Database(Object.assign(new DatabaseConfig(), { DATABASE_URL: url }));
  try {
    const [row] = await database.prisma.$queryRawUnsafe<{ ssl: boolean }[]>(
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    );
    return row?.ssl ?? false;
  } finally {
    await database.onApplicationShutdown();
  }
}

it('is used when the connection string asks for it, with an authority of our own', async () => {
  expect(await isEncrypted(urlWith({}))).toBe(false);
  expect(await isEncrypted(urlWith({ sslmode: 'verify-full', sslrootcert: certificates.ca }))).toBe(true);
});

it('checks the server as strictly under the mode `require`, which the driver takes for `verify-full`', async () => {
  expect(await isEncrypted(urlWith({ sslmode: 'require', sslrootcert: certificates.ca }))).toBe(true);
  await expect(isEncrypted(urlWith({ sslmode: 'require' }))).rejects.toThrow();
});

it('refuses a server whose certificate is by another authority', async () => {
  await expect(isEncrypted(urlWith({ sslmode: 'verify-full', sslrootcert: otherAuthority }))).rejects.toThrow();
  await expect(isEncrypted(urlWith({ sslmode: 'verify-full' }))).rejects.toThrow();
});

it('refuses a server of another name', async () => {
  const parameters = { sslmode: 'verify-full', sslrootcert: certificates.ca };
  expect(await isEncrypted(urlWith(parameters, '127.0.0.1'))).toBe(true);
  await expect(isEncrypted(urlWith(parameters, '127.0.0.2'))).rejects.toThrow();
});

it('refuses a server that has none', async () => {
  const plain = new URL(process.env['DATABASE_URL'] ?? '');
  plain.search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: certificates.ca }).toString();
  await expect(isEncrypted(plain.href)).rejects.toThrow();
});

it('is used by migrations as well', async () => {
  const migrate = (DATABASE_URL: string) =>
    execa(process.execPath, [MIGRATE], { env: { DATABASE_URL }, reject: false });
  const wrong = await migrate(urlWith({ sslmode: 'verify-full', sslrootcert: otherAuthority }));
  expect(wrong).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/certificate/) });
  const right = await migrate(urlWith({ sslmode: 'verify-full', sslrootcert: certificates.ca }));
  expect(right).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Applied 0001_init/) });
});
