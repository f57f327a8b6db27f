import { IsIn, IsOptional, IsString, IsUrl, Matches } from 'class-validator';
import { BooleanVariable } from '../config/boolean-variable.decorator.js';
import { SecretVariable } from '../config/secret-variable.decorator.js';

/** A collector beside the process has no certificate, so that `http:` is fine here, in production too. */
const AT_A_COLLECTOR = {
  protocols: ['http', 'https'],
  require_tld: false,
  require_protocol: true,
  disallow_auth: true,
};

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Whether and where traces go, by the standard variables of OpenTelemetry (docs/tracing.md). */
export class TracingConfig {
  /** The collector, for OTLP over HTTP: `http://localhost:4318`. Without it there are no traces, and what makes them isn't loaded. */
  @IsOptional()
  @IsUrl(AT_A_COLLECTOR)
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  /** The same for traces alone, as a whole address with its path: `http://localhost:4318/v1/traces`. */
  @IsOptional()
  @IsUrl(AT_A_COLLECTOR)
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT?: string;

  /** What is sent along to the collector: `name=value`, separated by commas, values percent-encoded. A secret. */
  @IsOptional()
  @SecretVariable()
  @Matches(/^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$/)
  OTEL_EXPORTER_OTLP_HEADERS?: string;

  /** The only protocol there is. */
  @IsIn(['http/protobuf'])
  OTEL_EXPORTER_OTLP_PROTOCOL = 'http/protobuf';

  /** Whether there are no traces in spite of an address: `true` or `false`. */
  @BooleanVariable()
  OTEL_SDK_DISABLED = false;

  /** The name of the service. Blank: `gemini-chat-api` and `gemini-chat-worker`. */
  @IsOptional()
  @IsString()
  OTEL_SERVICE_NAME?: string;

  /** Further attributes of the resource: `deployment.environment.name=production`, separated by commas. */
  @IsOptional()
  @IsString()
  OTEL_RESOURCE_ATTRIBUTES?: string;

  /** Which traces are kept. */
  @IsIn(SAMPLERS)
  OTEL_TRACES_SAMPLER: (typeof SAMPLERS)[number] = 'parentbased_always_on';

  /** With `traceidratio`: the part that is kept, from 0 to 1. */
  @IsOptional()
  @Matches(/^(0(\.\d+)?|1(\.0+)?|\.\d+)$/)
  OTEL_TRACES_SAMPLER_ARG?: string;

  /**
   * Whether a request's `traceparent` is followed, with its decision to keep the trace: `true` or `false`. Only behind a proxy that
   * sets the header itself: otherwise any client decides what is kept. Without it a request begins a trace, which links to the client's.
   */
  @BooleanVariable()
  TRACEPARENT_FROM_CLIENTS = false;
}
