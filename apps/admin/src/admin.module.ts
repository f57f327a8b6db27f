import { AUTH_CONFIG, AuthModule } from '@app/auth';
import { ChatroomModule, ReplyStreamConfig, ShareConfig } from '@app/chatroom';
import {
  AuditModule,
  ClockModule,
  ConfigModule,
  CrashConfig,
  DatabaseConfig,
  DatabaseModule,
  HealthModule,
  LoggingConfig,
  MaintenanceModule,
  MetricsModule,
  RedisConfig,
  RedisModule,
  StreamMetricsModule,
} from '@app/platform';
import { SUBSCRIPTION_CONFIG, SubscriptionModule } from '@app/subscription';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { AdminConfig } from './admin.config.js';
import { ModelPauseStore } from './stores/model-pause.store.js';
import { UserOverviewStore } from './stores/user-overview.store.js';

/** Those of the API, in whose environment the command line runs. */
const CONFIG: Type<object>[] = [
  AdminConfig,
  LoggingConfig,
  DatabaseConfig,
  RedisConfig,
  ...AUTH_CONFIG,
  ...SUBSCRIPTION_CONFIG,
  ReplyStreamConfig,
  ShareConfig,
  CrashConfig,
];

/** The operators' command line: what the API does for its users, done for operators. It serves nothing and works on no queue. */
@Module({
  imports: [
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
    ChatroomModule,
  ],
  providers: [ModelPauseStore, UserOverviewStore],
})
export class AdminModule {
  /**
   * The module with its configuration, ready to run.
   * @throws ConfigError naming what the environment lacks
   */
  static forRoot(): DynamicModule {
    return { module: AdminModule, imports: [ConfigModule.forRoot(CONFIG)] };
  }
}
