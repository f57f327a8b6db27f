import { Global, Module } from '@nestjs/common';
import { HealthService } from './health.service.js';
import { StoreHealthService } from './store-health.service.js';

/** Health of the whole process; needs `MetricsModule`, `DatabaseModule` and `RedisModule`. */
@Global()
@Module({ providers: [HealthService, StoreHealthService], exports: [HealthService] })
export class HealthModule {}
