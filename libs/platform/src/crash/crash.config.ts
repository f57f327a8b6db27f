import { IsEmpty, IsOptional, Matches } from 'class-validator';
import { PRODUCTION } from '../config/environment.config.js';

/** A deliberate crash for the chaos tests. Refused in production. */
export class CrashConfig {
  /** `<point>` or `<point>:<visit>`: the process kills itself when it comes there (for the n-th time). */
  @IsOptional()
  @Matches(/^[a-z-]+(:[1-9]\d*)?$/)
  @IsEmpty({ groups: [PRODUCTION], message: '$property is refused in production' })
  CRASH_POINT?: string;
}
