import { IntegerVariable } from '@app/platform';

/** Limits of streaming to readers. */
export class ReplyStreamConfig {
  /** How many streams one user may have open on one API process. */
  @IntegerVariable(1, 100_000)
  STREAMS_PER_USER = 100;
}
