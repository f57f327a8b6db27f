import { Logger } from '@nestjs/common';
import { type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import { buildInfo } from '../process/build-info.js';
import { withTimeout } from '../timeout/with-timeout.js';
import type { TracingConfig } from './tracing.config.js';

/** How long the last export may take at the end of the process, in milliseconds. */
const STOP_TIMEOUT_MS = 2_000;

/** How long one export may take, with its repetitions, in milliseconds. */
const EXPORT_TIMEOUT_MS = 10_000;

/** No attribute of ours is as long. What a driver says in an error may be. */
const LONGEST_VALUE = 4_096;

/** Success of an export, as the SDK numbers it. */
const SUCCESS = 0;

/**
 * Makes a tracer whose spans go to a collector in batches of the background: `OTEL_BSP_*` bound the queue (2,048 spans, of which the
 * newest are dropped when it is full), so that a collector that is away costs memory and time of no request.
 */
export function exportTraces(
  config: TracingConfig,
  url: string,
  processName: string,
): { tracer: Tracer; stop: () => Promise<void> } {
  const exporter = new OTLPTraceExporter({ url, headers: headersOf(config), timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new NodeTracerProvider({
    resource: resourceOf(processName),
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
    spanProcessors: [new BatchSpanProcessor(reporting(exporter))],
  });
  // Places in traces are written and read by hand, of the parts that are ours alone.
  provider.register({ propagator: null });
  const { name, version } = buildInfo();
  return {
    tracer: provider.getTracer(name, version),
    stop: () =>
      withTimeout(
        STOP_TIMEOUT_MS,
        provider.shutdown().catch(() => undefined),
        () => undefined,
      ),
  };
}

/** What is said of the process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` override it. */
function resourceOf(processName: string): Resource {
  const { version, revision, instance } = buildInfo();
  return resourceFromAttributes({
    [ATTR_SERVICE_NAME]: `gemini-chat-${processName}`,
    [ATTR_SERVICE_NAMESPACE]: 'gemini-chat',
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
    'vcs.ref.head.revision': revision,
    'process.pid': process.pid,
  }).merge(detectResources({ detectors: [envDetector] }));
}

/** By hand, since the variable may have come from a file. */
function headersOf({ OTEL_EXPORTER_OTLP_HEADERS: headers }: TracingConfig): Record<string, string> {
  const pairs = (headers ?? '').split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim(), decoded(value.join('=').trim())];
    }),
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Says once when spans can't be exported, and once when they can again. What the collector answers isn't told: it may quote. */
function reporting(exporter: SpanExporter): SpanExporter {
  const logger = new Logger('Tracing');
  let failing = false;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        const failed = Number(result.code) !== SUCCESS;
        if (failed && !failing)
          logger.warn({ code: codeOf(result.error) }, 'Traces cannot be exported, and are lost meanwhile');
        if (!failed && failing) logger.log('Traces are exported again');
        failing = failed;
        done(result);
      }),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
    shutdown: () => exporter.shutdown(),
  };
}

/** The status of HTTP, or the code of the connection's failure. */
function codeOf(error: Error | undefined): string {
  const { code, name } = (error ?? {}) as { code?: string | number; name?: string };
  return String(code ?? name ?? 'unknown');
}
