import { Global, Module } from '@nestjs/common';
import { HealthService } from './health.service.js';

/** Health of the whole process; needs `DatabaseModule` and `RedisModule`. */
@Global()
@Module({ providers: [HealthService], exports: [HealthService] })
export class HealthModule {}
