import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Service {
  image?: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  privileged?: boolean;
  security_opt?: string[];
  tmpfs?: string[];
  mem_limit?: string;
  pids_limit?: number;
  logging?: { options?: Record<string, string> };
  ports?: string[];
  environment?: Record<string, string | number>;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const all = Object.entries(services);

describe('docker-compose.yml', () => {
  it.each(all)('hardens %s', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: expect.arrayContaining(['/tmp']),
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      pids_limit: expect.any(Number),
      user: expect.stringMatching(/^(1000:1000|postgres|redis)$/),
      logging: { options: { 'max-size': expect.any(String), 'max-file': expect.any(String) } },
    });
    expect(service).not.toHaveProperty('cap_add');
    expect(service).not.toHaveProperty('privileged');
  });

  it('pins the images of others to a version', () => {
    const images = all.flatMap(([, { image }]) => image ?? []);
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^\w+:\d+\.\d+(\.\d+)?-bookworm$/);
    expect(
      readFileSync('Dockerfile', 'utf8')
        .match(/^FROM node:.*/gm)
        ?.every((line) => /node:\d+\.\d+\.\d+-/.test(line)),
    ).toBe(true);
  });

  it('publishes the API and the sandbox alone, to this machine', () => {
    const published = all.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['api', '${PUBLISH_HOST:-127.0.0.1}:${PORT:-8000}:8000'],
      ['sandbox', '127.0.0.1:${SANDBOX_PORT:-9200}:9200'],
    ]);
  });

  it('has no password of its own, and tells each service only its own', () => {
    const passwords = all.flatMap(([name, { environment = {} }]) =>
      Object.entries(environment)
        .filter(([variable]) => /PASSWORD|REDISCLI_AUTH/.test(variable))
        .map(([variable, value]) => `${name} ${variable} ${String(value).replace(/:\?.*/, '')}`),
    );
    expect(passwords.sort()).toEqual([
      'api PGPASSWORD ${DATABASE_APP_PASSWORD',
      'api REDIS_PASSWORD ${REDIS_PASSWORD',
      'api REDIS_SENTINEL_PASSWORD ${REDIS_SENTINEL_PASSWORD:-}',
      'migrate PGPASSWORD ${DATABASE_OWNER_PASSWORD',
      'postgres POSTGRES_PASSWORD ${POSTGRES_PASSWORD',
      'redis REDISCLI_AUTH ${REDIS_PASSWORD',
      'roles DATABASE_APP_PASSWORD ${DATABASE_APP_PASSWORD',
      'roles DATABASE_OWNER_PASSWORD ${DATABASE_OWNER_PASSWORD',
      'roles PGPASSWORD ${POSTGRES_PASSWORD',
      'worker PGPASSWORD ${DATABASE_APP_PASSWORD',
      'worker REDIS_PASSWORD ${REDIS_PASSWORD',
      'worker REDIS_SENTINEL_PASSWORD ${REDIS_SENTINEL_PASSWORD:-}',
    ]);
    expect(text).not.toMatch(/\/\/\w+:[^@/$]+@/);
    expect(services['redis']).toMatchObject({ command: ['sh', '-c', expect.stringContaining('requirepass')] });
  });

  it.each(['api', 'worker'])('has %s run as a role that owns nothing', (name) => {
    expect(services[name]?.environment?.['DATABASE_URL']).toMatch(/gemini_chat_app@/);
  });
});
