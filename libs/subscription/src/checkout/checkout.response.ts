import { ApiProperty } from '@nestjs/swagger';

/** A page on which to buy a plan. */
export class CheckoutResponse {
  @ApiProperty({
    format: 'uri',
    description: "Stripe's page: send the user there.",
    example: 'https://checkout.stripe.com/c/pay/cs_test_1',
  })
  checkoutUrl!: string;

  @ApiProperty({ format: 'date-time', description: 'Until then it can be paid.', example: '2026-11-24T09:30:00.000Z' })
  expiresAt!: string;
}

/** A page on which to manage the subscription. */
export class PortalResponse {
  @ApiProperty({
    format: 'uri',
    description: "Stripe's page, good for a few minutes: send the user there.",
    example: 'https://billing.stripe.com/p/session/1',
  })
  url!: string;
}
