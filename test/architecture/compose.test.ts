import 'reflect-metadata';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { GeminiConfig, workerShutdownMs } from '@app/gemini';
import { ProcessConfig } from '@app/platform';
import { parse } from 'yaml';
import { ApiConfig } from '../../apps/api/src/api.config.js';

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
  scale?: number;
  stop_grace_period?: string;
  environment?: Record<string, string | number>;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const all = Object.entries(services);
const fromFiles = parse(readFileSync('docker-compose.secrets.yml', 'utf8'), { merge: true }) as {
  secrets: Record<string, object>;
  services: Record<string, Service & { secrets: string[] }>;
};

describe('docker-compose.yml', () => {
  it.each(all)('hardens %s', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      tmpfs: expect.arrayContaining(['/tmp']),
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      pids_limit: expect.any(Number),
      user: expect.stringMatching(/^(1000:1000|65534:65534|472:0|postgres|redis|haproxy)$/),
      logging: { options: { 'max-size': expect.any(String), 'max-file': expect.any(String) } },
    });
    expect(service).not.toHaveProperty('cap_add');
    expect(service).not.toHaveProperty('privileged');
  });

  it('pins the images of others to a version', () => {
    const images = all.flatMap(([, { image }]) => image ?? []);
    expect(images).toHaveLength(5);
    for (const image of images)
      expect(image).toMatch(/^(haproxy:\d+\.\d+\.\d+|\w+:\d+\.\d+(\.\d+)?-bookworm|\w+\/\w+:v?\d+\.\d+\.\d+)$/);
    expect(
      readFileSync('Dockerfile', 'utf8')
        .match(/^FROM node:.*/gm)
        ?.every((line) => /node:\d+\.\d+\.\d+-/.test(line)),
    ).toBe(true);
  });

  it('publishes the proxy of the APIs, the sandbox and what watches them alone, to this machine', () => {
    const published = all.flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['proxy', '${PUBLISH_HOST:-127.0.0.1}:${PORT:-8000}:8000'],
      ['sandbox', '127.0.0.1:${SANDBOX_PORT:-9200}:9200'],
      ['prometheus', '127.0.0.1:${PROMETHEUS_PORT:-9090}:9090'],
      ['grafana', '127.0.0.1:${GRAFANA_PORT:-3001}:3000'],
    ]);
  });

  it('has several APIs and workers, which are given longer to end than they take', () => {
    const { SHUTDOWN_DELAY_MS } = new ApiConfig();
    const longest = workerShutdownMs(new ProcessConfig(), new GeminiConfig());
    for (const [name, ms] of [
      ['api', SHUTDOWN_DELAY_MS + 10_000],
      ['worker', longest],
    ] as const) {
      expect(services[name]?.scale).toBeGreaterThan(1);
      expect(Number.parseInt(services[name]?.stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(ms);
    }
  });

  it.each([
    ['api', 'API_SHUTDOWN_TIMEOUT_MS'],
    ['worker', 'WORKER_SHUTDOWN_TIMEOUT_MS'],
  ])('has a time of its own in which %s has to end', (name, variable) => {
    expect(services[name]?.environment?.['SHUTDOWN_TIMEOUT_MS']).toBe(`\${${variable}:-}`);
  });

  it('has images whose health is that they live: what restarts them must not do so for what they depend on', () => {
    const checks = readFileSync('Dockerfile', 'utf8').match(/^HEALTHCHECK.*/gm) ?? [];
    expect(checks).toHaveLength(3);
    for (const check of checks) expect(check).toMatch(/\/health(\/live)?$/);
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
      'worker BULL_BOARD_PASSWORD ${BULL_BOARD_PASSWORD:-}',
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

describe('docker-compose.secrets.yml', () => {
  it('takes each password and secret of the services from a file that the service is given', () => {
    const used = Object.entries(fromFiles.services).map(([name, { environment = {}, secrets }]) => {
      const files = Object.entries(environment).filter(([variable]) => variable.endsWith('_FILE'));
      for (const [variable] of files) expect([name, environment[variable.replace(/_FILE$/, '')]]).toEqual([name, '']);
      const named = files.map(([, path]) => String(path).replace('/run/secrets/', ''));
      expect([name, new Set([...named, ...(name === 'redis' ? secrets : [])])]).toEqual([name, new Set(secrets)]);
      return secrets;
    });
    expect(new Set(used.flat())).toEqual(new Set(Object.keys(fromFiles.secrets)));
  });

  it('leaves no required secret of docker-compose.yml in a variable', () => {
    const left = all.flatMap(([name, { environment = {} }]) =>
      Object.entries({ ...environment, ...fromFiles.services[name]?.environment })
        .filter(([, value]) => /\$\{\w+:\?/.test(String(value)))
        .map(([variable]) => `${name} ${variable}`),
    );
    expect(left).toEqual([]);
  });

  it('starts no Redis without a password where its file cannot be read', () => {
    const [, , script = ''] = (fromFiles.services['redis'] as { command?: string[] } | undefined)?.command ?? [];
    const printsSettings = script.replaceAll('$$', '$').replace('exec redis-server -', 'cat');
    expect(printsSettings).not.toBe(script.replaceAll('$$', '$'));
    const { status, stdout } = spawnSync('sh', ['-c', printsSettings], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });

  it('changes nothing but where secrets come from', () => {
    const settings = (service?: Service & { command?: string[] }) =>
      (service?.command ?? []).join('\n').match(/^[\w-]+ [\w-]+$/gm);
    expect(settings(fromFiles.services['redis'])).toEqual(settings(services['redis']));
    expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(fromFiles.services)));
  });
});
