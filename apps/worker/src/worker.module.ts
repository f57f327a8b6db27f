import { AUTH_RETENTION } from '@app/auth';
import { CHATROOM_RETENTION } from '@app/chatroom';
import { BILLING_QUEUE, REPLY_QUEUE } from '@app/contracts';
import { FILE_RETENTION, FileStoreConfig, FileWorkerModule } from '@app/file';
import { GeminiConfig, GeminiModule, ReplyConfig, ReplyWorkerConfig } from '@app/gemini';
import {
  AuditConfig,
  AuditModule,
  ClockModule,
  ConfigModule,
  DatabaseConfig,
  DatabaseModule,
  CrashConfig,
  HealthModule,
  LoggingConfig,
  MetricsModule,
  OperationsConfig,
  ProcessConfig,
  ProcessModule,
  RedisConfig,
  RedisModule,
  RetentionConfig,
  RetentionModule,
  SharedStateModule,
  TracingConfig,
} from '@app/platform';
import { SUBSCRIPTION_RETENTION, SUBSCRIPTION_WORKER_CONFIG, SubscriptionWorkerModule } from '@app/subscription';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { WorkerConfig } from './worker.config.js';

const CONFIG: Type<object>[] = [
  WorkerConfig,
  OperationsConfig,
  LoggingConfig,
  ProcessConfig,
  TracingConfig,
  DatabaseConfig,
  AuditConfig,
  RetentionConfig,
  RedisConfig,
  ReplyConfig,
  ReplyWorkerConfig,
  GeminiConfig,
  FileStoreConfig,
  ...SUBSCRIPTION_WORKER_CONFIG,
  CrashConfig,
];

/** The process that writes the replies and does what is scheduled. It serves no client and knows no JWT secret. */
@Module({
  imports: [
    ProcessModule,
    ClockModule,
    DatabaseModule,
    AuditModule,
    RedisModule,
    MetricsModule,
    HealthModule,
    GeminiModule,
    SubscriptionWorkerModule,
    FileWorkerModule,
    SharedStateModule.forRoot([REPLY_QUEUE, BILLING_QUEUE]),
    RetentionModule.forRoot([...AUTH_RETENTION, ...CHATROOM_RETENTION, ...SUBSCRIPTION_RETENTION, ...FILE_RETENTION]),
  ],
})
export class WorkerModule {
  /**
   * The module with its configuration, ready to run.
   * @throws ConfigError naming what the environment lacks
   */
  static forRoot(): DynamicModule {
    return { module: WorkerModule, imports: [ConfigModule.forRoot(CONFIG)] };
  }
}
