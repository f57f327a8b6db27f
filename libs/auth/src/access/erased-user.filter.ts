import { ProblemFilter, violatedForeignKey } from '@app/platform';
import { type ArgumentsHost, Catch } from '@nestjs/common';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { UnauthenticatedError } from '../token/token.errors.js';

/** How Prisma names the foreign keys by which rows reference their user. */
const REFERENCES_USER = /_user_id_fkey$/;

/**
 * Answers every error as a problem, and a write for a user who is erased at the same moment as a 401: the token was valid when the
 * request came, and is not any more. The features need not know of it.
 */
@Catch()
export class ErasedUserFilter extends ProblemFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    const { user } = host.switchToHttp().getRequest<{ user?: AuthenticatedUser }>();
    // A route without a login, such as the webhook, has no token to refuse.
    const isErased = user !== undefined && REFERENCES_USER.test(violatedForeignKey(error) ?? '');
    super.catch(isErased ? new UnauthenticatedError(true) : error, host);
  }
}
