import { applyDecorators } from '@nestjs/common';
import { IsString, MinLength, ValidateBy } from 'class-validator';
import { PRODUCTION } from './environment.config.js';
import { isGuessable, isPublicSecret } from './public-secrets.js';
import { ReadableFromFile } from './readable-from-file.decorator.js';

/**
 * An environment variable that holds a secret, or a list of them. In production one that is public is refused: published in this
 * repository, a placeholder, or one piece over and over. It may stand in a file (`ReadableFromFile`).
 *
 * @param options `minLength`: for a secret that people make themselves; in production it must not be guessable either
 */
export const SecretVariable = ({ minLength }: { minLength?: number } = {}): PropertyDecorator =>
  minLength === undefined
    ? applyDecorators(ReadableFromFile(), IsString({ each: true }), MinLength(1, { each: true }), IsNoPublicSecret())
    : applyDecorators(ReadableFromFile(), IsString(), MinLength(minLength), IsNoPublicSecret(), IsNotGuessable());

const IsNoPublicSecret = (): PropertyDecorator =>
  inProduction(
    'isNoPublicSecret',
    isPublicSecret,
    '$property is public, being an example or meant for development; in production it needs a value of its own',
  );

const IsNotGuessable = (): PropertyDecorator =>
  inProduction(
    'isNotGuessable',
    isGuessable,
    '$property can be guessed; in production it must be random (openssl rand -base64 48)',
  );

const inProduction = (name: string, isWrong: (value: string) => boolean, message: string): PropertyDecorator =>
  ValidateBy(
    {
      name,
      validator: {
        validate: (value: unknown) => ![value].flat().some((each) => typeof each === 'string' && isWrong(each)),
        defaultMessage: () => message,
      },
    },
    { groups: [PRODUCTION] },
  );
