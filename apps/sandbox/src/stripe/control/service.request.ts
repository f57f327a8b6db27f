import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsPositive,
  IsString,
  Max,
  Min,
  ValidateIf,
} from 'class-validator';
import type { Settings } from '../account/settings.js';
import { type AvailabilityMode, availabilityModes, type Fault, faultKinds } from '../http/api-faults.js';

export class FaultRequest {
  @IsIn(faultKinds)
  kind!: Fault['kind'];

  @IsOptional()
  @IsInt()
  @Min(400)
  @Max(599)
  status?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  delayMs?: number;

  /** Null: until cleared. */
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsInt()
  @IsPositive()
  times?: number | null;

  @IsOptional()
  @IsIn(['GET', 'POST', 'DELETE'])
  method?: string;

  @IsOptional()
  @IsString()
  path?: string;

  @IsOptional()
  @IsString()
  param?: string;

  @IsOptional()
  @IsBoolean()
  saved?: boolean;
}

export class AvailabilityRequest {
  @IsIn(availabilityModes)
  mode!: AvailabilityMode;
}

export class RequestsQuery {
  @IsOptional()
  @IsString()
  method?: string;

  @IsOptional()
  @IsString()
  path?: string;
}

export class SettingsRequest implements Partial<Settings> {
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(8)
  @IsPositive({ each: true })
  retryDays?: number[];

  @IsOptional()
  @IsIn(['cancel', 'unpaid', 'past_due'])
  afterRetries?: Settings['afterRetries'];

  @IsOptional()
  @IsInt()
  @Min(0)
  draftSeconds?: number;

  @IsOptional()
  @IsIn(['flexible', 'classic'])
  billingMode?: Settings['billingMode'];

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  deliveryAttempts?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  deliveryBackoffMs?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  deliveryTimeoutMs?: number;
}
