import { type AuthenticatedUser, CurrentUser } from '@app/auth';
import { ApiProblem } from '@app/platform';
import { Body, Controller, HttpCode, Param, Put } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { FeedbackRequest } from './feedback.request.js';
import { FeedbackService } from './feedback.service.js';

/** What people think of replies. */
@ApiTags('Messages')
@ApiBearerAuth()
@ApiProblem(404, 'message_not_found')
@Controller('chatroom/:id/message/:replyId/feedback')
export class FeedbackController {
  constructor(private readonly service: FeedbackService) {}

  @Put()
  @HttpCode(204)
  @ApiOperation({
    operationId: 'giveFeedback',
    summary: 'Say what you think of a reply',
    description:
      'Replaces what you said of it before; `{"rating": null}` removes it. Any finished reply takes it, cancelled and ' +
      'failed ones and older variants too. The reply shows it as `feedback`; the model is not told.',
  })
  @ApiResponse({ status: 204, description: 'Stored.' })
  @ApiProblem(409, 'reply_in_progress')
  @ApiProblem(422, 'not_a_reply')
  async give(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Param('id') chatroomId: string,
    @Param('replyId') replyId: string,
    @Body() { rating, comment }: FeedbackRequest,
  ): Promise<void> {
    await this.service.give(userId, chatroomId, replyId, rating, comment ?? null);
  }
}
