export type { AuthenticatedRequest, AuthenticatedUser } from './access/authenticated-user.js';
export { CurrentUser } from './access/current-user.decorator.js';
export { JwtAuthGuard } from './access/jwt-auth.guard.js';
export { Public } from './access/public.decorator.js';
export { type AccountParticipant, AccountParticipants } from './account/account-participants.js';
export { AccountPlans, type Plan } from './account/account-plans.js';
export { AUTH_CONFIG, AuthModule } from './auth.module.js';
export { RateLimit, type RateLimitKind } from './rate-limit/rate-limit.decorator.js';
export { SessionRevocations } from './session/session-revocations.js';
