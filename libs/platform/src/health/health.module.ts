import { Global, Module } from '@nestjs/common';
import { Health } from './health.js';

/** Health of the whole process; needs `DatabaseModule` and `RedisModule`. */
@Global()
@Module({ providers: [Health], exports: [Health] })
export class HealthModule {}
