import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AuthMaintenance } from '../auth.retention.js';

/** What a worker does for accounts. It needs no secret. */
@Module({ imports: [ScheduleModule.forRoot()], providers: [AuthMaintenance] })
export class AuthMaintenanceModule {}
