import { IsEmpty, IsOptional, Matches, ValidateIf } from 'class-validator';

const inProduction = (config: CrashConfig): boolean => config.NODE_ENV === 'production';

/** A deliberate crash for the chaos tests. Refused in production. */
export class CrashConfig {
  @IsOptional()
  NODE_ENV?: string;

  /** `<point>` or `<point>:<visit>`: the process kills itself when it comes there (for the n-th time). */
  @IsOptional()
  @Matches(/^[a-z-]+(:[1-9]\d*)?$/)
  @ValidateIf(inProduction)
  @IsEmpty({ message: '$property is refused in production' })
  CRASH_POINT?: string;
}
