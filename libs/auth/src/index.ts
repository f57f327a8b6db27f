export type { AuthenticatedUser } from './access/authenticated-user.js';
export { CurrentUser } from './access/current-user.decorator.js';
export { Public } from './access/public.decorator.js';
export { AccountParticipants } from './account/account-participants.js';
export { AccountPlans } from './account/account-plans.js';
export { AUTH_CONFIG, AuthModule } from './auth.module.js';
export { AuthMaintenanceModule } from './maintenance/auth-maintenance.module.js';
export { RateLimit } from './rate-limit/rate-limit.decorator.js';
export { SessionRevocations } from './session/session-revocations.js';
