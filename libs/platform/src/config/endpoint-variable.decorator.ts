import { applyDecorators } from '@nestjs/common';
import { IsUrl, Matches } from 'class-validator';
import { PRODUCTION } from './environment.config.js';

/**
 * An environment variable that holds the URL of a service to which this process sends secrets or people's data. In
 * production it must be `https:`: a stand-in on `http:` takes any key, and whoever is on the way reads and changes all.
 */
export const EndpointVariable = (): PropertyDecorator =>
  applyDecorators(
    IsUrl(
      { protocols: ['http', 'https'], require_tld: false, require_protocol: true, disallow_auth: true },
      { message: '$property must be a URL that begins with https:// or http://' },
    ),
    Matches(/^https:/i, { groups: [PRODUCTION], message: '$property must begin with https:// in production' }),
  );
