import { IsEmpty, IsIn, IsOptional, Matches, ValidateIf } from 'class-validator';

const inProduction = (config: FaultConfig): boolean => config.NODE_ENV === 'production';

/** Deliberate damage for the chaos tests. Refused in production. */
export class FaultConfig {
  @IsOptional()
  NODE_ENV?: string;

  /** `<point>` or `<point>:<visit>`: the process kills itself when it comes there (for the n-th time). */
  @IsOptional()
  @Matches(/^[a-z-]+(:[1-9]\d*)?$/)
  @ValidateIf(inProduction)
  @IsEmpty({ message: '$property is refused in production' })
  FAULT_POINT?: string;

  /** A safety of the reply engine that is switched off, to prove that the tests would notice. */
  @IsOptional()
  @IsIn(['sweep', 'fence'])
  @ValidateIf(inProduction)
  @IsEmpty({ message: '$property is refused in production' })
  FAULT_SWITCH_OFF?: 'sweep' | 'fence';
}
