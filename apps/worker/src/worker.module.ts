import { AuthMaintenanceModule } from '@app/auth';
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
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { WorkerConfig } from './worker.config.js';

const CONFIG: Type<object>[] = [WorkerConfig, LoggingConfig, ProcessConfig, DatabaseConfig, RedisConfig];

/** The process that writes the replies and does what is scheduled. It serves no client and knows no JWT secret. */
@Module({ imports: [ClockModule, DatabaseModule, RedisModule, MetricsModule, HealthModule, AuthMaintenanceModule] })
export class WorkerModule {
  /**
   * The module with its configuration, ready to run.
   * @throws ConfigError naming what the environment lacks
   */
  static forRoot(): DynamicModule {
    return { module: WorkerModule, imports: [ConfigModule.forRoot(CONFIG)] };
  }
}
