import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUT_OF_REACH, STARTED, verdictOf } from '../support/deployments/start-verdict.js';
import {
  configuration,
  type Container,
  type Labels,
  type Manifest,
  type Pod,
  problemsOf,
  render,
  root,
  selects,
} from './manifests.js';

// A compiler reads Kubernetes’ types, which takes its time on a busy machine.
import.meta.jest.setTimeout(120_000);

const FOLDER = join(root, 'deploy/kubernetes');
const { defaults, files } = configuration();
/** What stands in files: of the form that its vendor gives it, or anything long enough. */
const secretFor = (name: string): string => {
  const random = randomBytes(24).toString('hex');
  return name === 'STRIPE_SECRET_KEY'
    ? `sk_live_${random}`
    : name === 'STRIPE_WEBHOOK_SECRET'
      ? `whsec_${random}`
      : random;
};
const numberOf = (name: string) => Number(defaults.get(name));

describe.each(['base', 'overlays/production'])('deploy/kubernetes/%s', (folder) => {
  let text: string;
  let manifests: Manifest[];
  beforeAll(async () => {
    ({ text, manifests } = await render(join(FOLDER, folder)));
  }, 400_000);

  const ofKind = (...kinds: string[]) => manifests.filter(({ kind }) => kinds.includes(kind));
  const named = (kind: string, name: string): Manifest => {
    const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
    if (found === undefined) throw new Error(`There is no ${kind} ${name}.`);
    return found;
  };
  const workloads = () => ofKind('Deployment', 'Job');
  const containerOf = ({ spec }: Manifest): Container => {
    const [container] = spec.template.spec.containers;
    if (container === undefined) throw new Error('A pod has no container.');
    return container;
  };
  const environmentOf = (workload: Manifest): Labels => {
    const { env, envFrom } = containerOf(workload);
    const shared = envFrom.map(({ configMapRef }) => named('ConfigMap', configMapRef.name).data ?? {});
    return Object.assign({}, ...shared, ...env.map(({ name, value }) => ({ [name]: value }))) as Labels;
  };
  const podsSelectedBy = (takes: (pod: Pod) => boolean) =>
    workloads()
      .filter(({ spec }) => takes(spec.template))
      .map(({ metadata }) => metadata.name);

  it('is what Kubernetes takes, to the last key', () => {
    expect(manifests.length).toBeGreaterThan(8);
    expect(problemsOf(manifests)).toEqual([]);
  });

  it('would be refused with a misspelt key, a wrong type or a wrong value, however deep', () => {
    const broken = (search: string, replacement: string) => {
      const json = JSON.stringify(named('Deployment', 'api'));
      expect(json).toContain(search);
      return problemsOf([JSON.parse(json.replace(search, replacement)) as Manifest]);
    };
    expect(broken('"timeoutSeconds"', '"timeoutSecond"')).toEqual([expect.stringMatching('timeoutSecond')]);
    expect(broken('"readOnlyRootFilesystem"', '"readonlyRootFilesystem"')).toEqual([
      expect.stringMatching('readonlyRootFilesystem'),
    ]);
    expect(broken('"terminationGracePeriodSeconds":40', '"terminationGracePeriodSeconds":"40"')).toHaveLength(1);
    expect(broken('"apps/v1"', '"batch/v1"')).toHaveLength(1);
  });

  /** Variables that the product doesn't have, and files that it doesn't read or that aren't mounted. */
  const unknownOf = (workload: Manifest) =>
    Object.entries(environmentOf(workload)).filter(([name, value]) => {
      if (!files.has(name)) return !defaults.has(name) && name !== 'NODE_ENV';
      return !containerOf(workload).volumeMounts.some(
        ({ mountPath, readOnly }) => readOnly === true && value.startsWith(`${mountPath}/`),
      );
    });

  it('names variables that the product has, and files that are mounted', () => {
    expect(files.size).toBeGreaterThan(10);
    expect(workloads().flatMap(unknownOf)).toEqual([]);
    for (const workload of workloads()) {
      const { volumes } = workload.spec.template.spec;
      expect(containerOf(workload).volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
    }
  });

  it('would be refused with a file for what no file may hold, or one that is not mounted', () => {
    const broken = (replacement: { name?: string; value?: string }) => {
      const api = structuredClone(named('Deployment', 'api'));
      const { env } = containerOf(api);
      Object.assign(
        env.find(({ name }) => name === 'JWT_SECRET_FILE')!,
        replacement,
      );
      return unknownOf(api).map(([name]) => name);
    };
    expect(broken({})).toEqual([]);
    expect(broken({ name: 'PORT_FILE' })).toEqual(['PORT_FILE']);
    expect(broken({ name: 'JWT_SECRETS_FILE' })).toEqual(['JWT_SECRETS_FILE']);
    expect(broken({ value: '/run/elsewhere/jwt-secret' })).toEqual(['JWT_SECRET_FILE']);
  });

  it.each(['api', 'worker'])(
    'gives %s no file that it does not read',
    async (app) => {
      const given = Object.keys(environmentOf(named('Deployment', app))).filter(
        (name) => name.endsWith('_FILE') && !defaults.has(name),
      );
      const env = Object.fromEntries(given.map((name) => [name, join(FOLDER, 'no-such-file')]));
      const verdict = await verdictOf(app, { ...OUT_OF_REACH, ...env });
      const read = Array.from(verdict.matchAll(/(\w+_FILE) names a file that can't be read/g), ([, name]) => name);
      expect(read.sort()).toEqual(given.sort());
    },
    40_000,
  );

  if (folder !== 'base')
    it.each(['api', 'worker'])(
      'has values with which %s starts in production',
      async (app) => {
        const own = Object.entries(environmentOf(named('Deployment', app))).map(([name, value]) => {
          const variable = name.replace(/_FILE$/, '');
          return [variable, variable === name ? value : secretFor(variable)];
        });
        // The overlay names Redis by its host.
        const outOfReach = Object.entries(OUT_OF_REACH).filter(([name]) => name !== 'REDIS_URL');
        const redis = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' };
        const env = { ...Object.fromEntries([...own, ...outOfReach]), ...redis } as Labels;
        expect(await verdictOf(app, env)).toMatch(STARTED);
      },
      40_000,
    );

  it('holds no secret, and gives each process its own alone', () => {
    expect(ofKind('Secret')).toEqual([]);
    expect(text).not.toMatch(/:\/\/[^/\s]+:[^/\s]+@/);
    const secretsOf = (workload: Manifest) =>
      workload.spec.template.spec.volumes.flatMap(({ secret }) => secret?.secretName ?? []);
    expect(secretsOf(named('Job', 'migrate'))).toEqual(['gemini-chat-database-owner']);
    expect(secretsOf(named('Deployment', 'api'))).not.toContain('gemini-chat-worker');
    expect(secretsOf(named('Deployment', 'worker'))).not.toContain('gemini-chat-api');
  });

  it('asks ports and paths that the processes have, with time to answer', () => {
    const { paths } = JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8')) as { paths: object };
    for (const deployment of ofKind('Deployment')) {
      const container = containerOf(deployment);
      const ports = new Map(container.ports?.map(({ name, containerPort }) => [name, containerPort]));
      const { PORT, METRICS_PORT, WORKER_HEALTH_PORT } = environmentOf(deployment);
      const listening = [PORT, METRICS_PORT, WORKER_HEALTH_PORT].filter((port) => port !== undefined).map(Number);
      expect([...ports.values()]).toEqual(listening);
      for (const { httpGet, timeoutSeconds } of [
        container.startupProbe,
        container.readinessProbe,
        container.livenessProbe,
      ]) {
        expect(paths).toHaveProperty([httpGet.path]);
        expect([...ports.keys()]).toContain(httpGet.port);
        expect(timeoutSeconds).toBe(3);
      }
    }
    const [service] = ofKind('Service');
    expect(containerOf(named('Deployment', 'api')).ports?.map(({ name }) => name)).toContain(
      service?.spec.ports[0]?.targetPort,
    );
    const open = new Set(
      ofKind('Deployment')
        .flatMap((each) => containerOf(each).ports ?? [])
        .map((each) => each.containerPort),
    );
    const allowed = ofKind('NetworkPolicy').flatMap(({ spec }) => spec.ingress?.flatMap(({ ports }) => ports) ?? []);
    expect(new Set(allowed.map(({ port }) => port))).toEqual(open);
  });

  it('selects pods that there are', () => {
    for (const { spec } of ofKind('Deployment')) {
      const { metadata, spec: pod } = spec.template;
      expect(selects(spec.selector, metadata.labels)).toBe(true);
      for (const { labelSelector } of pod.topologySpreadConstraints ?? [])
        expect(selects(labelSelector, metadata.labels)).toBe(true);
    }
    for (const { spec, metadata } of ofKind('Service'))
      expect(podsSelectedBy((pod) => selects({ matchLabels: spec.selector }, pod.metadata.labels))).toEqual([
        metadata.name,
      ]);
    for (const { spec, metadata } of ofKind('PodDisruptionBudget'))
      expect(podsSelectedBy((pod) => selects(spec.selector, pod.metadata.labels))).toEqual([metadata.name]);
    for (const { spec } of ofKind('NetworkPolicy'))
      expect(podsSelectedBy((pod) => selects(spec.podSelector, pod.metadata.labels))).not.toEqual([]);
    for (const { spec, metadata } of ofKind('HorizontalPodAutoscaler', 'ScaledObject')) {
      expect(spec.scaleTargetRef.name).toBe(metadata.name);
      named('Deployment', metadata.name);
    }
  });

  it('gives processes as long to end as they may take', () => {
    const graceMs = (name: string) => named('Deployment', name).spec.template.spec.terminationGracePeriodSeconds * 1000;
    // The API's work in flight ends within 10 s, a worker's within 10 s after a whole call.
    expect(graceMs('api')).toBeGreaterThan(numberOf('SHUTDOWN_DELAY_MS') + 10_000);
    expect(graceMs('worker')).toBeGreaterThan(numberOf('GEMINI_CALL_TIMEOUT_MS') + 10_000);
  });

  it('keeps one of each while nodes are emptied', () => {
    for (const { metadata, spec } of ofKind('PodDisruptionBudget')) {
      const scaled = ofKind('HorizontalPodAutoscaler', 'ScaledObject').filter(
        (each) => each.metadata.name === metadata.name,
      );
      const [least] = scaled.map((each) => each.spec.minReplicas ?? each.spec.minReplicaCount);
      const { replicas = least } = named('Deployment', metadata.name).spec as { replicas?: number };
      expect(spec.minAvailable).toBe(1);
      expect(replicas).toBeGreaterThan(spec.minAvailable);
    }
  });

  it('runs nothing as root, with a capability, a writable disk or a token of the cluster', () => {
    for (const { spec } of workloads()) {
      const pod = spec.template.spec;
      expect(pod.automountServiceAccountToken).toBe(false);
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext, resources } of pod.containers) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources.limits).toHaveProperty('memory');
      }
    }
  });

  it('scales by figures that the product has', () => {
    const sources = readdirSync(join(root, 'libs'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.metrics.ts'))
      .map((path) => readFileSync(join(root, 'libs', path), 'utf8'))
      .join('\n');
    const queries = ofKind('ScaledObject').flatMap(({ spec }) => spec.triggers.map(({ metadata }) => metadata.query));
    for (const query of queries) expect(sources).toContain(`name: '${/\((\w+)\)/.exec(query)?.[1]}'`);
    expect(queries).toHaveLength(folder === 'base' ? 0 : 1);
  });
});
