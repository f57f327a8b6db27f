/** A metric as a process exports it. */
export interface ExportedMetric {
  name: string;
  type: string;
  /** The names of the labels that its samples have, without `le`. Null: it has no sample. */
  labels: string[] | null;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/;
const LABEL = /([a-zA-Z_]\w*)="(?:[^"\\]|\\.)*"/g;

/** Reads Prometheus' text format. */
export function exportedMetrics(text: string): Map<string, ExportedMetric> {
  const metrics = new Map<string, ExportedMetric>();
  for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    metrics.set(name, { name, type, labels: null });
  for (const line of text.split('\n')) {
    const [, sample = '', labels = ''] = SAMPLE.exec(line) ?? [];
    const metric = metrics.get(sample) ?? metrics.get(sample.replace(/_(?:bucket|sum|count)$/, ''));
    if (metric === undefined) continue;
    const names = Array.from(labels.matchAll(LABEL), ([, name = '']) => name).filter((name) => name !== 'le');
    metric.labels = [...new Set([...(metric.labels ?? []), ...names])].sort();
  }
  return metrics;
}

/** The number of series that a process exports. */
export const seriesIn = (text: string): number => text.split('\n').filter((line) => SAMPLE.test(line)).length;
