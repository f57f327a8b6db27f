import { DefaultOutsideProduction, localOrigin, localOrigins } from '@app/platform';
import { Transform } from 'class-transformer';
import { ArrayMinSize, IsArray, MaxLength, ValidateBy } from 'class-validator';
import { originOfReturnUrl } from './return-url.js';

/** As long as Stripe takes for sure. */
const MAX_LENGTH = 2_000;

const isPage = (value: unknown): boolean => typeof value === 'string' && originOfReturnUrl(value) !== null;

/** A trailing slash would be a path. */
const isOrigin = (value: unknown): boolean => isPage(value) && originOfReturnUrl(String(value)) === value;

/** The same rules as for what a client asks for: what Stripe would refuse must not wait for the first customer. */
const IsReturnUrl = (): PropertyDecorator =>
  ValidateBy({
    name: 'isReturnUrl',
    validator: {
      validate: isPage,
      defaultMessage: () =>
        '$property must be a URL such as https://app.example.com/welcome, in the characters of a URI',
    },
  });

const AreOrigins = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'areOrigins',
      validator: {
        validate: isOrigin,
        defaultMessage: () =>
          '$property must be origins like https://app.example.com: lower case, and no path, user name or default port',
      },
    },
    { each: true },
  );

/** The page of the product on this machine that there is for people. */
const localPage =
  (outcome: string) =>
  (env: NodeJS.ProcessEnv): string =>
    `${localOrigin(env)}/${env['WEB_APP'] === 'off' ? 'docs' : ''}?checkout=${outcome}`;

/** Where users come back to from paying. The API's part of billing. */
export class CheckoutConfig {
  /**
   * Origins that `successUrl` and `cancelUrl` may have, separated by commas. With `NODE_ENV=development` blank is what apps on this
   * machine usually have: `localhost` and `127.0.0.1` on ports 3000, 5173 and 8081, and on `PORT`.
   */
  @DefaultOutsideProduction(localOrigins)
  @Transform(({ value }) =>
    String(value)
      .split(',')
      .map((origin) => origin.trim()),
  )
  @IsArray()
  @ArrayMinSize(1)
  @AreOrigins()
  CHECKOUT_ALLOWED_ORIGINS: string[] = ['http://localhost:8000'];

  /**
   * Where users come back to after paying, unless the app says otherwise. With `NODE_ENV=development` blank is the chat page on `PORT`,
   * `/?checkout=success`; with `WEB_APP=off` it is `/docs`.
   */
  @DefaultOutsideProduction(localPage('success'))
  @IsReturnUrl()
  @MaxLength(MAX_LENGTH)
  CHECKOUT_SUCCESS_URL = 'http://localhost:8000/docs';

  /**
   * Where users come back to without having paid, unless the app says otherwise; from the portal, too. With `NODE_ENV=development` blank is
   * the chat page on `PORT`, `/?checkout=cancelled`; with `WEB_APP=off` it is `/docs`.
   */
  @DefaultOutsideProduction(localPage('cancelled'))
  @IsReturnUrl()
  @MaxLength(MAX_LENGTH)
  CHECKOUT_CANCEL_URL = 'http://localhost:8000/docs';
}
