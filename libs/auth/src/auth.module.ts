import { LimitsRedisClient, SlotModule } from '@app/platform';
import { Module, type Provider, type Type } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { ThrottlerModule } from '@nestjs/throttler';
import { AccessService } from './access/access.service.js';
import { RequestTurnsService } from './access/request-turns.service.js';
import { JwtAuthGuard } from './access/jwt-auth.guard.js';
import { JwtStrategy } from './access/jwt.strategy.js';
import { VerifiedTokenCache } from './access/verified-token.cache.js';
import { AccountBlockService } from './account/account-block.service.js';
import { AccountDownloadService } from './downloads/account-download.service.js';
import { AccountErasureService } from './account/account-erasure.service.js';
import { AccountExportService } from './account/account-export.service.js';
import { AccountParticipantService } from './account/account-participant.service.js';
import { AccountPlanService } from './account/account-plan.service.js';
import { AccountController } from './account/account.controller.js';
import { AccountStore } from './account/account.store.js';
import { AuditAccountParticipant } from './account/audit-account.participant.js';
import { PersonHashService } from './account/person-hash.service.js';
import { AuthMetrics } from './auth.metrics.js';
import { AddressHashService } from './account/address-hash.service.js';
import { LoginController } from './login/login.controller.js';
import { LoginService } from './login/login.service.js';
import { TokenController } from './login/token.controller.js';
import { LogOtpSender } from './otp/log.otp-sender.js';
import { OtpChallengeStore } from './otp/otp-challenge.store.js';
import { OtpDeliveryConfig } from './otp/otp-delivery.config.js';
import { OtpDeliveryService } from './otp/otp-delivery.service.js';
import { OtpHashService } from './otp/otp-hash.service.js';
import { OtpSender } from './otp/otp-sender.port.js';
import { OtpConfig } from './otp/otp.config.js';
import { PendingNameStore } from './otp/pending-name.store.js';
import { ResponseOtpSender } from './otp/response.otp-sender.js';
import { SendLimitService } from './otp/send-limit.service.js';
import { TwilioOtpSender } from './otp/twilio.otp-sender.js';
import { WebhookOtpSender } from './otp/webhook.otp-sender.js';
import { PhoneNumberService } from './phone/phone-number.service.js';
import { PhoneConfig } from './phone/phone.config.js';
import { RateLimitConfig } from './rate-limit/rate-limit.config.js';
import type { RateLimitKind } from './rate-limit/rate-limit.decorator.js';
import { RateLimitGuard } from './rate-limit/rate-limit.guard.js';
import { RedisThrottlerStorage } from './rate-limit/redis.throttler-storage.js';
import { RotationUseService } from './session/rotation-use.service.js';
import { SessionListService } from './session/session-list.service.js';
import { SessionRevocationService } from './session/session-revocation.service.js';
import { SessionConfig } from './session/session.config.js';
import { SessionController } from './session/session.controller.js';
import { SessionService } from './session/session.service.js';
import { SessionStore } from './session/session.store.js';
import { AccessTokenConfig } from './token/access-token.config.js';
import { AccessTokenService } from './token/access-token.service.js';

/** The configuration classes that the process has to provide. */
export const AUTH_CONFIG: Type<object>[] = [
  AccessTokenConfig,
  OtpConfig,
  OtpDeliveryConfig,
  PhoneConfig,
  RateLimitConfig,
  SessionConfig,
];

/** The sender that is configured. The configuration has been checked: each way of delivery has its variables. */
function createOtpSender(config: OtpDeliveryConfig): OtpSender {
  switch (config.OTP_DELIVERY) {
    case 'response':
      return new ResponseOtpSender();
    case 'log':
      return new LogOtpSender();
    case 'webhook':
      return new WebhookOtpSender(config.OTP_WEBHOOK_URL!, config.OTP_WEBHOOK_SECRET!);
    case 'twilio':
      return new TwilioOtpSender({
        baseUrl: config.TWILIO_API_BASE_URL,
        accountSid: config.TWILIO_ACCOUNT_SID!,
        authToken: config.TWILIO_AUTH_TOKEN!,
        from: config.TWILIO_FROM!,
      });
  }
}

const perMinute = (name: RateLimitKind, limit: number) => ({ name, limit, ttl: 60_000 });

const throttler = ThrottlerModule.forRootAsync({
  inject: [RateLimitConfig, LimitsRedisClient],
  useFactory: (config: RateLimitConfig, redis: LimitsRedisClient) => ({
    storage: new RedisThrottlerStorage(redis),
    throttlers: [
      perMinute('signup', config.RATE_LIMIT_SIGNUP_PER_MINUTE),
      perMinute('auth', config.RATE_LIMIT_AUTH_PER_MINUTE),
      // Apart from `auth`, so that someone who tries codes keeps no neighbour from refreshing tokens.
      perMinute('refresh', config.RATE_LIMIT_AUTH_PER_MINUTE),
      perMinute('anonymous', config.RATE_LIMIT_ANONYMOUS_PER_MINUTE),
      perMinute('send', config.RATE_LIMIT_SEND_PER_MINUTE),
      perMinute('write', config.RATE_LIMIT_WRITE_PER_MINUTE),
      perMinute('checkout', config.RATE_LIMIT_CHECKOUT_PER_MINUTE),
      perMinute('read', config.RATE_LIMIT_READ_PER_MINUTE),
      perMinute('shared', config.RATE_LIMIT_SHARED_PER_MINUTE),
    ],
  }),
});

const otpSender: Provider = { provide: OtpSender, useFactory: createOtpSender, inject: [OtpDeliveryConfig] };

/** Login, sessions and accounts, and the service that closes every route of the process that isn't public. */
@Module({
  imports: [JwtModule.register({}), PassportModule, SlotModule, throttler],
  controllers: [LoginController, TokenController, SessionController, AccountController],
  providers: [
    AccessService,
    RequestTurnsService,
    AccessTokenService,
    AccountBlockService,
    AccountDownloadService,
    AccountErasureService,
    AccountExportService,
    AccountParticipantService,
    AccountPlanService,
    AccountStore,
    AddressHashService,
    AuditAccountParticipant,
    AuthMetrics,
    JwtAuthGuard,
    JwtStrategy,
    LoginService,
    OtpChallengeStore,
    OtpDeliveryService,
    OtpHashService,
    PendingNameStore,
    PersonHashService,
    PhoneNumberService,
    RateLimitGuard,
    RotationUseService,
    SendLimitService,
    SessionListService,
    SessionRevocationService,
    SessionStore,
    SessionService,
    VerifiedTokenCache,
    otpSender,
  ],
  exports: [
    AddressHashService,
    AccountBlockService,
    AccountDownloadService,
    AccountErasureService,
    AccountParticipantService,
    AccountPlanService,
    PhoneNumberService,
    SessionRevocationService,
  ],
})
export class AuthModule {}
