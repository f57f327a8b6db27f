import { ApiProperty } from '@nestjs/swagger';

/** One thing that is wrong with a request. */
export class FieldProblem {
  @ApiProperty({ description: 'JSON pointer to the property, or the query parameter.', example: '/phone' })
  pointer!: string;

  @ApiProperty({ description: 'What it should have been.', example: 'phone must be a phone number' })
  detail!: string;
}
