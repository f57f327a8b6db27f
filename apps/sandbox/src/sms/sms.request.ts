import { Type } from 'class-transformer';
import { Equals, IsIn, IsInt, IsOptional, IsString, Matches, Max, Min, ValidateNested } from 'class-validator';
import { SMS_MODES, type SmsMode } from './sms-outage.js';

/** A one-time code for a phone. */
export class OtpSendData {
  @Matches(/^\+\d{5,15}$/)
  phone!: string;

  @Matches(/^\d{4,10}$/)
  code!: string;

  @IsInt()
  @Min(1)
  expiresInSeconds!: number;

  @IsString()
  text!: string;
}

/** What the product's `webhook` delivery posts. */
export class OtpSendRequest {
  @Equals('otp.send')
  type!: 'otp.send';

  @ValidateNested()
  @Type(() => OtpSendData)
  data!: OtpSendData;
}

/** The result of deliveries from now on. */
export class SmsModeRequest implements SmsMode {
  @IsIn(SMS_MODES)
  mode!: SmsMode['mode'];

  @IsInt()
  @Min(400)
  @Max(599)
  status = 500;

  @IsOptional()
  @IsInt()
  @Min(1)
  times: number | null = null;
}
