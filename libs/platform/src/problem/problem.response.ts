import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** One thing that is wrong with a request. */
export class FieldProblem {
  @ApiProperty({ description: 'JSON pointer to the property, or the query parameter.', example: '/phone' })
  pointer!: string;

  @ApiProperty({ description: 'What it should have been.', example: 'phone must be a phone number' })
  detail!: string;
}

/** The body of every error: RFC 9457 `application/problem+json`. */
export class ProblemResponse {
  @ApiProperty({
    format: 'uri-reference',
    description: '`/problems/<code>`: a page of this API that explains the code to people.',
    example: '/problems/not_found',
  })
  type!: string;

  @ApiProperty({ description: 'The name of the type: the same for all problems of a code.', example: 'Not found' })
  title!: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.', example: 404 })
  status!: number;

  @ApiProperty({ description: 'What happened, for people.', example: 'There is no such chatroom.' })
  detail!: string;

  @ApiProperty({
    description: 'The path that was asked for.',
    example: '/chatroom/0197a1c0-0000-7000-8000-000000000000',
  })
  instance!: string;

  @ApiProperty({ description: 'What happened, for programs: stable snake_case.', example: 'not_found' })
  code!: string;

  @ApiProperty({ description: 'The `X-Request-Id` of this response.', example: '0197a1c0-1111-7000-8000-000000000000' })
  requestId!: string;

  @ApiPropertyOptional({ type: [FieldProblem], description: 'With `validation_failed`: everything that is wrong.' })
  errors?: FieldProblem[];
}
