import { IsOptional, IsString, MinLength } from 'class-validator';
import { IntegerVariable, SecretVariable } from '@app/platform';

/** How access tokens are made and checked. Only the API needs it. */
export class AccessTokenConfig {
  /** Signs access tokens with HS256, whose key must be at least as long as its hash (RFC 7518, section 3.2). */
  @SecretVariable({ minLength: 32 })
  JWT_SECRET!: string;

  /** The first step of a rotation (docs/secrets.md): the secret that JWT_SECRET is going to be. Tokens that other replicas sign with it are valid. */
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  JWT_SECRET_NEXT?: string;

  /** The second step: what JWT_SECRET was. Tokens signed with it are valid until they expire. */
  @IsOptional()
  @SecretVariable({ minLength: 32 })
  JWT_SECRET_PREVIOUS?: string;

  /** `iss` of our tokens. */
  @IsString()
  @MinLength(1)
  JWT_ISSUER = 'gemini-chat-backend';

  /** `aud` of our tokens. */
  @IsString()
  @MinLength(1)
  JWT_AUDIENCE = 'gemini-chat-backend';

  /** How long an access token is valid, in seconds. */
  @IntegerVariable(1, 3_600)
  ACCESS_TOKEN_SECONDS = 900;
}
