import { PageQuery } from '@app/platform';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { HasNoNul, Trimmed } from '../text/text.decorators.js';

/** In characters, after white space around it was removed. */
const MAX_SEARCH_LENGTH = 200;

/** What is looked for. */
export class SearchQuery extends PageQuery {
  @ApiProperty({
    type: 'string',
    minLength: 1,
    maxLength: MAX_SEARCH_LENGTH,
    description:
      'Words that a message must all contain, in any order and case, as parts of words too. Compared in NFKC: full-width letters, ' +
      'ligatures and accents are found however they are typed.',
    example: 'blue sky',
  })
  @Trimmed()
  @IsString()
  @Length(1, MAX_SEARCH_LENGTH)
  @HasNoNul()
  q!: string;
}
