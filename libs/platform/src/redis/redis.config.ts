import { IsOptional, IsString, MinLength } from 'class-validator';
import { IntegerVariable } from '../config/integer-variable.decorator.js';

/** How to reach Redis (or Valkey). */
export class RedisConfig {
  @IsString()
  @MinLength(1)
  REDIS_HOST!: string;

  @IntegerVariable(1, 65_535)
  REDIS_PORT = 6379;

  @IsOptional()
  @IsString()
  REDIS_PASSWORD?: string;

  /** The logical database. */
  @IntegerVariable(0, 15)
  REDIS_DB = 0;
}
