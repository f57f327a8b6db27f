import { IsOptional, IsString, MinLength } from 'class-validator';
import { IntegerVariable } from '../config/integer-variable.decorator.js';
import { SecretVariable } from '../config/secret-variable.decorator.js';

/** How to reach Redis (or Valkey). */
export class RedisConfig {
  /** The server's name or address. */
  @IsString()
  @MinLength(1)
  REDIS_HOST!: string;

  /** Its port. */
  @IntegerVariable(1, 65_535)
  REDIS_PORT = 6379;

  /** Without it none is sent. */
  @IsOptional()
  @SecretVariable()
  REDIS_PASSWORD?: string;

  /** The logical database. */
  @IntegerVariable(0, 15)
  REDIS_DB = 0;
}
