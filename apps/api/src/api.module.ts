import { AUTH_CONFIG, AuthModule } from '@app/auth';
import { ChatroomModule, ReplyStreamConfig, ShareConfig } from '@app/chatroom';
import { FileModule, FileStoreConfig } from '@app/file';
import {
  AuditModule,
  ClockModule,
  ConfigModule,
  DatabaseConfig,
  DatabaseModule,
  CrashConfig,
  HealthModule,
  LoggingConfig,
  MaintenanceModule,
  MetricsModule,
  OperationsConfig,
  ProcessConfig,
  ProcessModule,
  RedisConfig,
  RedisModule,
  TracingConfig,
  StreamMetricsModule,
} from '@app/platform';
import { SUBSCRIPTION_CONFIG, SubscriptionModule } from '@app/subscription';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ApiConfig } from './api.config.js';
import { HealthController } from './health.controller.js';
import { ProblemController } from './problems/problem.controller.js';
import { WebAppConfig } from './web-app/web-app.config.js';

const CONFIG: Type<object>[] = [
  ApiConfig,
  WebAppConfig,
  OperationsConfig,
  LoggingConfig,
  ProcessConfig,
  TracingConfig,
  DatabaseConfig,
  RedisConfig,
  ...AUTH_CONFIG,
  ...SUBSCRIPTION_CONFIG,
  FileStoreConfig,

  ReplyStreamConfig,
  ShareConfig,
  CrashConfig,
];

/** The HTTP process: accounts, rooms, messages, subscriptions. It never talks to the model. */
@Module({
  imports: [
    ProcessModule,
    ClockModule,
    DatabaseModule,
    AuditModule,
    RedisModule,
    MetricsModule,
    StreamMetricsModule,
    HealthModule,
    MaintenanceModule,
    AuthModule,
    SubscriptionModule,
    FileModule,
    ChatroomModule,
  ],
  controllers: [HealthController, ProblemController],
})
export class ApiModule {
  /**
   * The module with its configuration, ready to run.
   * @throws ConfigError naming what the environment lacks
   */
  static forRoot(): DynamicModule {
    return { module: ApiModule, imports: [ConfigModule.forRoot(CONFIG)] };
  }

  /** The module without configuration, for Nest's preview mode. */
  static forPreview(): DynamicModule {
    return { module: ApiModule, imports: [ConfigModule.unread(CONFIG)] };
  }
}
