import { Global, Module } from '@nestjs/common';
import { Metrics } from './metrics.registry.js';

/** Metrics for the whole process. */
@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {}
