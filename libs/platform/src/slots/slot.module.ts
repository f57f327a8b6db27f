import { Module } from '@nestjs/common';
import { SlotService } from './slot.service.js';

/** Bounds on what one user does at once, for the modules that import it. */
@Module({ providers: [SlotService], exports: [SlotService] })
export class SlotModule {}
