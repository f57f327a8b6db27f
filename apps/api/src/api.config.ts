import { Transform } from 'class-transformer';
import { IsArray, IsInt, IsString, Matches, Max, Min } from 'class-validator';

/** How the API process listens. */
export class ApiConfig {
  /** The public port. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT = 8000;

  /** The address to listen on. */
  @IsString()
  HOST = '0.0.0.0';

  /** The operators' port: `/metrics` and health. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(65_535)
  METRICS_PORT = 9464;

  /** Web origins whose pages may call the API, separated by commas; `*` is any; empty is none. */
  @Transform(({ value }) =>
    String(value)
      .split(',')
      .map((origin) => origin.trim()),
  )
  @IsArray()
  @Matches(/^(?:\*|https?:\/\/[^/\s]+)$/, {
    each: true,
    message: 'CORS_ORIGINS must be origins like https://app.example.com, or *',
  })
  CORS_ORIGINS: string[] = [];

  /** How many reverse proxies stand in front: as many of the last `X-Forwarded-For` addresses are believed. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(10)
  TRUST_PROXY_HOPS = 0;

  /** The largest body that is read, in bytes. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(1_024)
  @Max(10_485_760)
  BODY_LIMIT_BYTES = 262_144;

  /** Milliseconds in which a request must have arrived whole. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(1_000)
  @Max(300_000)
  REQUEST_TIMEOUT_MS = 30_000;

  /** Milliseconds between saying "not ready" and closing the port, so that a load balancer can look elsewhere. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(60_000)
  SHUTDOWN_DELAY_MS = 1_000;
}
