import { IsOptional, Matches } from 'class-validator';

/** A name that may stand in the audit trail: an account or an address, without spaces. */
export const OPERATOR_NAME = /^[\w.@+-]{1,64}$/;

/** Who uses the command line. */
export class AdminConfig {
  /** The operator's name for the audit trail, where `--as` doesn't give it. */
  @IsOptional()
  @Matches(OPERATOR_NAME)
  ADMIN_OPERATOR?: string;
}
