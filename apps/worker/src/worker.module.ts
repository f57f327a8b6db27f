import {
  ClockModule,
  ConfigModule,
  DatabaseConfig,
  DatabaseModule,
  HealthModule,
  LoggingConfig,
  MetricsModule,
  ProcessConfig,
  RedisConfig,
  RedisModule,
} from '@app/platform';
import { type DynamicModule, Module } from '@nestjs/common';
import { WorkerConfig } from './worker.config.js';

/** The process that writes the replies and does what is scheduled. It serves no client and knows no JWT secret. */
@Module({})
export class WorkerModule {
  /** @throws ConfigError naming what the environment lacks */
  static forRoot(): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot([WorkerConfig, LoggingConfig, ProcessConfig, DatabaseConfig, RedisConfig]),
        ClockModule,
        DatabaseModule,
        RedisModule,
        MetricsModule,
        HealthModule,
      ],
    };
  }
}
