/** What tests alone need of accounts: `@app/auth/testing`. The product may not import it. */
export { AccountStore } from './account/account.store.js';
export { PersonHashService } from './account/person-hash.service.js';
export { OtpConfig } from './otp/otp.config.js';
export { SessionStore } from './session/session.store.js';
export { AccessTokenConfig } from './token/access-token.config.js';
