import { IntegerVariable } from '@app/platform';

const DAY = 86_400;

/** How long sessions live. */
export class SessionConfig {
  /** A session that isn't refreshed for so many seconds ends. Longer than any access token lives. */
  @IntegerVariable(3_600, 365 * DAY)
  SESSION_IDLE_SECONDS = 30 * DAY;

  /** A session ends so many seconds after the login, however busy it is. */
  @IntegerVariable(3_600, 3_650 * DAY)
  SESSION_ABSOLUTE_SECONDS = 180 * DAY;

  /** For so many seconds after a rotation the old refresh token brings the same new one again, unless its access or refresh token has been used. */
  @IntegerVariable(0, 600)
  REFRESH_GRACE_SECONDS = 60;
}
