import { Type } from 'class-transformer';
import {
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Max,
  Min,
  registerDecorator,
  ValidateNested,
} from 'class-validator';
import { type DeliveryPolicy, type DeliveryState, deliveryStates, type Endpoint } from '../webhooks/delivery.js';

const MAX_MS = 600_000;

class EndpointRequest {
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  url!: string;

  @IsString({ each: true })
  @ArrayMinSize(1)
  secrets!: string[];

  @IsOptional()
  @IsIn(['snapshot', 'thin'])
  payload?: Endpoint['payload'];

  @IsOptional()
  @IsString({ each: true })
  @IsArray()
  types?: string[];
}

export class EndpointsRequest {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => EndpointRequest)
  endpoints!: EndpointRequest[];
}

/** A number of milliseconds, or [minimum, maximum]. */
function IsDelay(): PropertyDecorator {
  const isMs = (value: unknown) => typeof value === 'number' && value >= 0 && value <= MAX_MS;
  const validate = (value: unknown) =>
    Array.isArray(value) ? value.length === 2 && value.every(isMs) && value[0] <= value[1] : isMs(value);
  return (target, property) =>
    registerDecorator({
      name: 'isDelay',
      target: target.constructor,
      propertyName: String(property),
      options: { message: 'delayMs must be milliseconds, or [min, max]' },
      validator: { validate },
    });
}

export class PolicyRequest {
  @IsOptional()
  @IsBoolean()
  hold?: boolean;

  @IsOptional()
  @IsIn(['failed', 'acknowledged'])
  drop?: DeliveryPolicy['drop'];

  @IsOptional()
  @IsDelay()
  delayMs?: number | [number, number];

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  copies?: number;

  @IsOptional()
  @IsString({ each: true })
  @IsArray()
  types?: string[];
}

export class ReleaseRequest {
  @IsOptional()
  @IsString({ each: true })
  @IsArray()
  ids?: string[];
}

export class DeliveriesQuery {
  @IsOptional()
  @IsIn(deliveryStates)
  state?: DeliveryState;

  @IsOptional()
  @IsString()
  event?: string;

  @IsOptional()
  @IsString()
  type?: string;
}

export class IdleQuery {
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MAX_MS)
  timeoutMs = 10_000;
}
