import {
  Body,
  Controller,
  Get,
  Header,
  Param,
  Post,
  Query,
  Redirect,
  UseFilters,
  UseInterceptors,
} from '@nestjs/common';
import { IsString } from 'class-validator';
import { Checkout } from '../account/checkout.js';
import type { CheckoutSessionRecord } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { notFound, StripeApiError } from '../account/stripe.errors.js';
import { checkoutPage, closedCheckoutPage, successUrl } from './checkout.page.js';
import { PageErrorFilter } from './page-error.filter.js';
import { PageInterceptor } from './page.interceptor.js';

interface Location {
  url: string;
}

/** What is sent with the button beside the field. */
class PromotionCodeForm {
  @IsString()
  code!: string;
}

/** The pay page and its buttons. */
@Controller('stripe/checkout/:id')
@UseInterceptors(PageInterceptor)
@UseFilters(PageErrorFilter)
export class CheckoutPagesController {
  constructor(
    private readonly state: StripeState,
    private readonly checkout: Checkout,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  show(@Param('id') id: string, @Query('refused') refused?: string): string {
    const session = this.find(id);
    try {
      this.checkout.assertPayable(session);
      return checkoutPage(this.state, session, refused === 'card' || refused === 'code' ? refused : null);
    } catch (error) {
      if (error instanceof StripeApiError) return closedCheckoutPage(session, error.message);
      throw error;
    }
  }

  @Post('pay')
  @Redirect('/', 303)
  pay(@Param('id') id: string): Location {
    const session = this.find(id);
    if (session.status !== 'open') return { url: `/stripe/checkout/${id}` };
    this.checkout.pay(session);
    return { url: successUrl(session) };
  }

  @Post('decline')
  @Redirect('/', 303)
  decline(@Param('id') id: string): Location {
    return { url: `/stripe/checkout/${this.find(id).id}?refused=card` };
  }

  @Post('promotion-code')
  @Redirect('/', 303)
  applyPromotionCode(@Param('id') id: string, @Body() { code }: PromotionCodeForm): Location {
    const isKnown = this.checkout.applyPromotionCode(this.find(id), code);
    return { url: `/stripe/checkout/${id}${isKnown ? '' : '?refused=code'}` };
  }

  private find(id: string): CheckoutSessionRecord {
    const session = this.state.checkoutSessions.get(id);
    if (session === undefined) throw notFound('checkout.session', id);
    return session;
  }
}
