import { DefaultOutsideProduction } from '@app/platform';
import { IsIn } from 'class-validator';

/** The chat page. */
export class WebAppConfig {
  /** Whether the API serves the chat page at `/`: `on` or `off`. Outside production it is `on` unless set. */
  @DefaultOutsideProduction(() => 'on')
  @IsIn(['on', 'off'])
  WEB_APP: 'on' | 'off' = 'off';
}
