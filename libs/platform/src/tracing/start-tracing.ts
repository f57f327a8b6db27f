import { useTracer } from './span.js';
import type { TracingConfig } from './tracing.config.js';

/** The export of traces, as its process sees it. */
export interface Tracing {
  /** Sends what is left, within a bound, and ends. Never throws. */
  stop: () => Promise<void>;
}

const NO_TRACING: Tracing = { stop: () => Promise.resolve() };

/**
 * Begins to export traces, if the environment says where to. Only then is the SDK loaded. To be called before anything is traced.
 *
 * @param processName `api` or `worker`
 */
export async function startTracing(config: TracingConfig, processName: string): Promise<Tracing> {
  const address = tracesAddress(config);
  if (address === null) return NO_TRACING;
  const { exportTraces } = await import('./otlp-traces.js');
  const { tracer, stop } = exportTraces(config, address, processName);
  useTracer(tracer);
  return {
    stop: async () => {
      useTracer(null);
      await stop();
    },
  };
}

/** Where traces go; null: nowhere. The general address is a base, to which the path of the signal is added. */
function tracesAddress(config: TracingConfig): string | null {
  const { OTEL_SDK_DISABLED, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own, OTEL_EXPORTER_OTLP_ENDPOINT: base } = config;
  if (OTEL_SDK_DISABLED) return null;
  if (own !== undefined) return own;
  return base === undefined ? null : `${base.replace(/\/$/, '')}/v1/traces`;
}
