import { DefaultOutsideProduction, localOrigin } from '@app/platform';
import { Matches, MaxLength } from 'class-validator';

/** Links to conversations that users share. */
export class ShareConfig {
  /**
   * What links to shared conversations begin with; the token follows. A page of your app that reads `GET /shared/{token}`, or that
   * address of the API, as browsers reach it. Outside production blank is the chat page on `PORT`; with `WEB_APP=off` it is the API.
   */
  @DefaultOutsideProduction((env) => `${localOrigin(env)}/${env['WEB_APP'] === 'off' ? '' : '#/'}shared/`)
  @Matches(/^https?:\/\/[^/\s?#@]+\/(?:[^\s?#]*\/)?(?:#\/(?:[^\s?#]*\/)?)?$/, {
    message: 'SHARE_URL_PREFIX must be a URL like https://app.example.com/shared/, with a slash at its end',
  })
  @MaxLength(1_000)
  SHARE_URL_PREFIX = 'http://localhost:8000/shared/';
}
