import { ApiProblem } from '@app/platform';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { RequestClient } from '../client/client.decorator.js';
import type { Client } from '../client/client.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';
import { Public } from '../token/public.decorator.js';
import { SendOtpRequest, SignUpRequest, VerifyOtpRequest } from './login.request.js';
import { SendOtpResponse, SignUpResponse } from './login.response.js';
import { LoginService } from './login.service.js';
import { TokensResponse } from './tokens.response.js';

/** Logging in: a number, a code, a session. */
@ApiTags('Auth')
@Public()
@RateLimit('auth')
@Controller('auth')
export class LoginController {
  constructor(private readonly login: LoginService) {}

  @Post('signup')
  @RateLimit('signup')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'signUp',
    summary: 'Ask for an account',
    description:
      'The answer is the same whether or not the number has one. It counts once a code sent to it was verified, with the name that was ' +
      'given by who asked for the code.',
  })
  @ApiAcceptedResponse({ type: SignUpResponse })
  @ApiProblem(422, 'phone_country_not_allowed')
  async signUp(@Body() { phone, name }: SignUpRequest, @RequestClient() client: Client): Promise<SignUpResponse> {
    return { phone: await this.login.signUp(phone, name ?? null, client) };
  }

  @Post('send-otp')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'sendOtp',
    summary: 'Send a one-time code',
    description: 'Numbers without an account get the same answer and no message.',
  })
  @ApiAcceptedResponse({ type: SendOtpResponse })
  @ApiProblem(422, 'phone_country_not_allowed')
  @ApiProblem(429, 'otp_send_limited')
  @ApiProblem(503, 'otp_delivery_failed')
  sendOtp(@Body() { phone }: SendOtpRequest, @RequestClient() client: Client): Promise<SendOtpResponse> {
    return this.login.sendCode(phone, client);
  }

  @Post('verify-otp')
  @HttpCode(200)
  @ApiOperation({ operationId: 'verifyOtp', summary: 'Exchange a code for a session' })
  @ApiOkResponse({ type: TokensResponse })
  @ApiProblem(401, 'otp_invalid')
  async verifyOtp(
    @Body() { challengeId, otp }: VerifyOtpRequest,
    @RequestClient() client: Client,
  ): Promise<TokensResponse> {
    const { account, tokens } = await this.login.verifyCode(challengeId, otp, client);
    return new TokensResponse(tokens, account);
  }
}
