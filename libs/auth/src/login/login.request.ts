import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { IsAccountName, MAX_NAME_LENGTH } from '../account/account-name.decorator.js';
import { readTypedDigits } from '../phone/typed-digits.js';

/** A number has at most 15 digits; the rest is for spaces, punctuation and marks that no one sees. */
const MAX_PHONE_LENGTH = 250;
const MAX_CHALLENGE_ID_LENGTH = 100;
const MAX_CODE_LENGTH = 100;

/** A code without what people write or paste around its digits. */
const plainCode = (text: string): string => readTypedDigits(text).replace(/[\p{P}\p{Dash}\p{White_Space}]/gu, '');

const PHONE = {
  description:
    'In any common writing and any script’s digits, best with `+` and country code; it is stored as E.164. ' +
    'Special ranges (premium rate, shared cost, satellites) are refused.',
  minLength: 1,
  maxLength: MAX_PHONE_LENGTH,
  example: '+1 (415) 555-0123',
};

/** Who wants an account. */
export class SignUpRequest {
  @ApiProperty(PHONE)
  @IsString()
  @MaxLength(MAX_PHONE_LENGTH)
  phone!: string;

  @ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: MAX_NAME_LENGTH, example: 'Ada' })
  @IsOptional()
  @IsAccountName()
  name?: string | null;
}

/** Who wants a code. */
export class SendOtpRequest {
  @ApiProperty(PHONE)
  @IsString()
  @MaxLength(MAX_PHONE_LENGTH)
  phone!: string;
}

/** A code, and the challenge that it belongs to. */
export class VerifyOtpRequest {
  @ApiProperty({
    description: 'From the answer to `send-otp`.',
    maxLength: MAX_CHALLENGE_ID_LENGTH,
    example: '0197a1c0-0000-7000-8000-000000000002',
  })
  @IsString()
  @MaxLength(MAX_CHALLENGE_ID_LENGTH)
  challengeId!: string;

  @ApiProperty({
    description:
      'The code from the message: six digits, of any script; spaces, hyphens and marks that no one sees are ignored. Anything else is a wrong ' +
      'code, but costs no attempt.',
    maxLength: MAX_CODE_LENGTH,
    example: '042137',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? plainCode(value) : value))
  @IsString()
  @MaxLength(MAX_CODE_LENGTH)
  otp!: string;
}
