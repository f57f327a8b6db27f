import { Global, Module } from '@nestjs/common';
import { Database } from './database.client.js';
import { DatabaseMetrics } from './database.metrics.js';

/** PostgreSQL for the whole process. */
@Global()
@Module({ providers: [Database, DatabaseMetrics], exports: [Database] })
export class DatabaseModule {}
