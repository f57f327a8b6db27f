import { DefaultOutsideProduction, IntegerVariable, localOrigins } from '@app/platform';
import { Transform } from 'class-transformer';
import { IsArray, IsOptional, IsString, Matches } from 'class-validator';

/** How the API process listens. */
export class ApiConfig {
  /** The public port. */
  @IntegerVariable(0, 65_535)
  PORT = 8000;

  /** The address to listen on. */
  @IsString()
  HOST = '0.0.0.0';

  /**
   * The operators' port, at `METRICS_HOST`: `/metrics` and health. One that is taken keeps the process from starting; 0 takes
   * any free one, which the log names.
   */
  @IntegerVariable(0, 65_535)
  METRICS_PORT = 9464;

  /**
   * Web origins whose pages may call the API, separated by commas; `*` is any; empty is none. With `NODE_ENV=development` empty is
   * what apps on this machine usually have: `localhost` and `127.0.0.1` on ports 3000, 5173 and 8081, and on `PORT`.
   */
  @DefaultOutsideProduction(localOrigins)
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
  @IntegerVariable(0, 10)
  TRUST_PROXY_HOPS = 0;

  /** The largest body that is read, in bytes. Blank: 262144, or more where a plan's `maxMessageCharacters` need more. */
  @IsOptional()
  @IntegerVariable(1_024, 10_485_760)
  BODY_LIMIT_BYTES?: number;

  /** Milliseconds in which a request must have arrived whole. While a file is uploaded, in which more of it must have arrived. */
  @IntegerVariable(1_000, 300_000)
  REQUEST_TIMEOUT_MS = 30_000;

  /**
   * Milliseconds between saying "not ready" and closing the port, in which everything is served, so that a load balancer can go
   * elsewhere: longer than HAProxy (6 s) and a Kubernetes service take at their defaults. With `NODE_ENV=development` or `test` blank is 0.
   */
  @DefaultOutsideProduction(() => '0')
  @IntegerVariable(0, 300_000)
  SHUTDOWN_DELAY_MS = 12_000;
}
