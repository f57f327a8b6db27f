export type { AuthenticatedUser } from './token/authenticated-user.js';
export { CurrentUser } from './token/current-user.decorator.js';
export { Public } from './token/public.decorator.js';
export { AccountParticipantService } from './account/account-participant.service.js';
export { AccountPlanService } from './account/account-plan.service.js';
export { AUTH_CONFIG, AuthModule } from './auth.module.js';
export { AUTH_RETENTION } from './auth.retention.js';
export { RateLimit } from './rate-limit/rate-limit.decorator.js';
export { SessionRevocationService } from './session/session-revocation.service.js';
