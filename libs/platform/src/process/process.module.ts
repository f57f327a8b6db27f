import { Global, Module } from '@nestjs/common';
import { ShutdownService } from './shutdown.service.js';

/** The process's lifetime. */
@Global()
@Module({ providers: [ShutdownService], exports: [ShutdownService] })
export class ProcessModule {}
