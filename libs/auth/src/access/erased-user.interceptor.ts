import { violatedForeignKey } from '@app/platform';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { catchError, type Observable } from 'rxjs';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { UnauthenticatedError } from '../token/token.errors.js';

/** How Prisma names the foreign keys by which rows reference their user. */
const REFERENCES_USER = /_user_id_fkey$/;

/**
 * Answers a write for a user who is erased at the same moment: the token was valid when the request came, and is not any more.
 * The features need not know of it.
 */
@Injectable()
export class ErasedUserInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { user } = context.switchToHttp().getRequest<{ user?: AuthenticatedUser }>();
    // A route without a login, such as the webhook, has no token to refuse.
    if (user === undefined) return next.handle();
    return next.handle().pipe(
      catchError((error: unknown) => {
        if (REFERENCES_USER.test(violatedForeignKey(error) ?? '')) throw new UnauthenticatedError(true);
        throw error;
      }),
    );
  }
}
