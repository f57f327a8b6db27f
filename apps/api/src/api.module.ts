import { AUTH_CONFIG, AuthModule } from '@app/auth';
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
import { ApiConfig } from './api.config.js';
import { HealthController } from './health.controller.js';

/** The HTTP process: accounts, rooms, messages, subscriptions. It never talks to the model. */
@Module({})
export class ApiModule {
  /** @throws ConfigError naming what the environment lacks */
  static forRoot(): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        ConfigModule.forRoot([ApiConfig, LoggingConfig, ProcessConfig, DatabaseConfig, RedisConfig, ...AUTH_CONFIG]),
        ClockModule,
        DatabaseModule,
        RedisModule,
        MetricsModule,
        HealthModule,
        AuthModule,
      ],
      controllers: [HealthController],
    };
  }
}
