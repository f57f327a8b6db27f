import { readFileSync } from 'node:fs';

/** A row of the tables in docs/monitoring.md. */
interface DocumentedMetric {
  name: string;
  labels: string[];
  /** Which processes export it. */
  of: ('api' | 'worker')[];
}

const ROW = /^\| `([a-z_]+)(?:\{([a-z_,]+)\})?` *\| (API|worker|both) *\|/gm;
const PROCESSES = { API: ['api'], worker: ['worker'], both: ['api', 'worker'] } as const;

/** The metrics that docs/monitoring.md lists, without Node's own. */
export function documentedMetrics(): DocumentedMetric[] {
  const page = readFileSync('docs/monitoring.md', 'utf8');
  return Array.from(page.matchAll(ROW), ([, name = '', labels, of = '']) => ({
    name,
    labels: (labels?.split(',') ?? []).sort(),
    of: [...PROCESSES[of as keyof typeof PROCESSES]],
  }));
}
