import { Global, Module } from '@nestjs/common';
import { StreamMetrics } from './stream.metrics.js';

/** The measurement of streams, for the process that writes them. */
@Global()
@Module({ providers: [StreamMetrics], exports: [StreamMetrics] })
export class StreamMetricsModule {}
