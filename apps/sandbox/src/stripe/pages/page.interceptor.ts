import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { concatMap, from, type Observable } from 'rxjs';
import { Timekeeper } from '../account/timekeeper.js';
import { ApiFaults } from '../http/api-faults.js';

/** Pages are unavailable when the API is, and do what is due before they are shown. */
@Injectable()
export class PageInterceptor implements NestInterceptor {
  constructor(
    private readonly faults: ApiFaults,
    private readonly timekeeper: Timekeeper,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const available = this.faults.assertAvailable(context.switchToHttp().getRequest<FastifyRequest>());
    return from(available).pipe(
      concatMap(() => {
        this.timekeeper.settle();
        return next.handle();
      }),
    );
  }
}
