import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min, MinLength } from 'class-validator';

/** How to reach Redis (or Valkey). */
export class RedisConfig {
  @IsString()
  @MinLength(1)
  REDIS_HOST!: string;

  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(1)
  @Max(65_535)
  REDIS_PORT = 6379;

  @IsOptional()
  @IsString()
  REDIS_PASSWORD?: string;

  /** The logical database. */
  @Transform(({ value }) => Number(value))
  @IsInt()
  @Min(0)
  @Max(15)
  REDIS_DB = 0;
}
