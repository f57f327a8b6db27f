import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { IsAccountName, MAX_NAME_LENGTH } from '../account/account-name.decorator.js';

const MAX_PHONE_LENGTH = 50;
const MAX_CHALLENGE_ID_LENGTH = 100;
const MAX_CODE_LENGTH = 100;

const PHONE = {
  description: 'In any common writing, best with `+` and country code; it is stored as E.164.',
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
    description: 'The code from the message: six digits. Anything else is a wrong one.',
    pattern: '^\\d{6}$',
    example: '042137',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.replace(/\s/g, '') : value))
  @IsString()
  @MaxLength(MAX_CODE_LENGTH)
  otp!: string;
}
