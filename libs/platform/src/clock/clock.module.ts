import { Global, Module } from '@nestjs/common';
import { Clock } from './clock.port.js';
import { SystemClock } from './system.clock.js';

/** The time for the whole process. */
@Global()
@Module({ providers: [{ provide: Clock, useClass: SystemClock }], exports: [Clock] })
export class ClockModule {}
