import { Global, Module } from '@nestjs/common';
import { Database } from './database.client.js';

/** PostgreSQL for the whole process. */
@Global()
@Module({ providers: [Database], exports: [Database] })
export class DatabaseModule {}
