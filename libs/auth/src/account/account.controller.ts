import { ApiProblem } from '@app/platform';
import { Body, Controller, Get, Patch } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { AuthenticatedUser } from '../access/authenticated-user.js';
import { CurrentUser } from '../access/current-user.decorator.js';
import { UpdateAccountRequest } from './account.request.js';
import { AccountResponse } from './account.response.js';
import { Accounts } from './accounts.js';

/** The user's own account. */
@ApiTags('Account')
@ApiBearerAuth()
@Controller('user/me')
export class AccountController {
  constructor(private readonly accounts: Accounts) {}

  @Get()
  @ApiOperation({ operationId: 'getAccount', summary: 'Read the account' })
  @ApiOkResponse({ type: AccountResponse })
  read(@CurrentUser() { userId }: AuthenticatedUser): Promise<AccountResponse> {
    return this.accounts.read(userId);
  }

  @Patch()
  @ApiOperation({ operationId: 'updateAccount', summary: 'Change the account' })
  @ApiOkResponse({ type: AccountResponse })
  @ApiProblem(400, 'validation_failed')
  update(
    @CurrentUser() { userId }: AuthenticatedUser,
    @Body() { name }: UpdateAccountRequest,
  ): Promise<AccountResponse> {
    return this.accounts.rename(userId, name);
  }
}
