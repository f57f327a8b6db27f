import { Injectable } from '@nestjs/common';
import { Clock } from './clock.port.js';

/** The machine's own clock. */
@Injectable()
export class SystemClock extends Clock {
  override now(): Date {
    return new Date();
  }
}
