import { Transform } from 'class-transformer';
import { ArrayMinSize, IsArray, IsUrl, Matches } from 'class-validator';

const PAGE = { protocols: ['http', 'https'], require_protocol: true, require_tld: false };

/** Where users come back to from paying. The API's part of billing. */
export class CheckoutConfig {
  /** Origins that `successUrl` and `cancelUrl` may have, separated by commas. */
  @Transform(({ value }) =>
    String(value)
      .split(',')
      .map((origin) => origin.trim()),
  )
  @IsArray()
  @ArrayMinSize(1)
  @Matches(/^https?:\/\/[^/?#\s]+$/, { each: true, message: '$property must be origins like https://app.example.com' })
  CHECKOUT_ALLOWED_ORIGINS: string[] = ['http://localhost:3000', 'http://localhost:5173', 'http://localhost:8000'];

  /** Where users come back to after paying, unless the app says otherwise. */
  @IsUrl(PAGE)
  CHECKOUT_SUCCESS_URL = 'http://localhost:8000/docs';

  /** Where users come back to without having paid, unless the app says otherwise; from the portal, too. */
  @IsUrl(PAGE)
  CHECKOUT_CANCEL_URL = 'http://localhost:8000/docs';
}
