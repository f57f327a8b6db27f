import { Get, Param } from '@nestjs/common';
import type { WireObject } from '../account/records.js';
import { StripeState } from '../account/stripe-state.js';
import { notFound } from '../account/stripe.errors.js';
import { ApiController } from '../http/api-controller.decorator.js';
import { wireInvoice } from '../wire/invoice.wire.js';

@ApiController('v1/invoices')
export class InvoicesController {
  constructor(private readonly state: StripeState) {}

  @Get(':id')
  retrieve(@Param('id') id: string): WireObject {
    const invoice = this.state.invoices.get(id);
    if (invoice === undefined) throw notFound('invoice', id);
    return wireInvoice(this.state, invoice);
  }
}
