import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { provideKubectl } from '../../scripts/services/kubectl.mjs';

export const root = join(import.meta.dirname, '../..');

export type Labels = Record<string, string>;

export interface Selector {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: string; values: string[] }[];
}

interface Probe {
  httpGet: { path: string; port: string };
  timeoutSeconds: number;
}

export interface Container {
  name: string;
  image: string;
  env: { name: string; value: string }[];
  envFrom: { configMapRef: { name: string } }[];
  ports?: { name: string; containerPort: number }[];
  startupProbe: Probe;
  readinessProbe: Probe;
  livenessProbe: Probe;
  resources: { limits: Labels; requests: Labels };
  securityContext: object;
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface Pod {
  metadata: { labels: Labels };
  spec: {
    automountServiceAccountToken: boolean;
    terminationGracePeriodSeconds: number;
    securityContext: object;
    containers: Container[];
    volumes: { name: string; secret?: { secretName: string } }[];
    topologySpreadConstraints?: { labelSelector: Selector }[];
  };
}

/** What the tests read of an object. Whether it is one that Kubernetes takes is `problemsOf`'s to say. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  data?: Labels;
  spec: {
    template: Pod;
    selector: Selector & Labels;
    podSelector: Selector;
    scaleTargetRef: { name: string };
    minAvailable: number;
    minReplicas: number;
    minReplicaCount: number;
    ports: { targetPort: string }[];
    ingress?: { ports: { port: number }[] }[];
    triggers: { metadata: { query: string } }[];
  };
}

/** What kubectl makes of a folder. @throws with kubectl's own words */
export async function render(folder: string): Promise<{ text: string; manifests: Manifest[] }> {
  const [command = '', ...args] = await provideKubectl();
  const { stdout } = await execa(command, [...args, 'kustomize', folder], { timeout: 60_000 });
  return { text: stdout, manifests: parseAllDocuments(stdout).map((document) => document.toJS() as Manifest) };
}

/** Of KEDA, which no package of schemas has: the part of its API that is used. */
const SCALED_OBJECT = `interface IScaledObject {
  apiVersion: 'keda.sh/v1alpha1'; kind: 'ScaledObject'; metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec: { scaleTargetRef: { apiVersion?: string; kind?: string; name: string; envSourceContainerName?: string };
    pollingInterval?: number; cooldownPeriod?: number; idleReplicaCount?: number; minReplicaCount?: number; maxReplicaCount?: number;
    fallback?: { failureThreshold: number; replicas: number };
    triggers: { type: 'prometheus'; name?: string; metricType?: 'AverageValue' | 'Value' | 'Utilization'; useCachedMetrics?: boolean;
      metadata: { serverAddress: string; query: string; threshold: string; activationThreshold?: string; namespace?: string;
        ignoreNullValues?: string; unsafeSsl?: string } }[] } }`;

/**
 * What is wrong in the objects by the types that are made of Kubernetes' own schemas. Their validators let unknown keys pass; the
 * compiler refuses a key that a type doesn't have, so a misspelt one is found wherever it stands.
 */
export function problemsOf(manifests: Manifest[]): string[] {
  const file = join(root, 'test/operations/rendered-manifests.ts');
  const source = [
    SCALED_OBJECT,
    ...manifests.map((manifest, index) => {
      const type = `I${manifest.kind}`;
      const isOurs = manifest.apiVersion === 'keda.sh/v1alpha1';
      const named = isOurs ? type : `import('kubernetes-models/${manifest.apiVersion}').${type}`;
      return `export const manifest${index}: ${named} = ${JSON.stringify(manifest)};`;
    }),
  ].join('\n');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile, readFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.readFile = (path) => (path === file ? source : readFile(path));
  host.getSourceFile = (path, ...rest) =>
    path === file ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2023) : getSourceFile(path, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

/** Whether a selector takes these labels. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => operator === 'In' && values.includes(labels[key] ?? ''))
  );
}

/** A row of docs/configuration.md, which a check holds against the configuration classes. */
const VARIABLE = /^\| `([A-Z_]+)`(?:<br>or `([A-Z_]+_FILE)`)? \| `?([^|`]*)`? \|/gm;

/** Every variable of the product. */
export interface Configuration {
  /** The default of each. */
  defaults: ReadonlyMap<string, string>;
  /** `X_FILE` for each variable `X` that a file may hold. */
  files: ReadonlySet<string>;
}

export function configuration(): Configuration {
  const page = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  const rows = [...page.matchAll(VARIABLE)].map(([, name = '', file, value = '']) => ({ name, file, value }));
  return {
    defaults: new Map(rows.map(({ name, value }) => [name, value])),
    files: new Set(rows.flatMap(({ file }) => file ?? [])),
  };
}
