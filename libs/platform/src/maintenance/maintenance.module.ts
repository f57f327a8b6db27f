import { Module } from '@nestjs/common';
import { MaintenanceService } from './maintenance.service.js';
import { MaintenanceStore } from './maintenance.store.js';

/** Whether the API is under maintenance; needs `DatabaseModule` and `MetricsModule`. */
@Module({ providers: [MaintenanceStore, MaintenanceService], exports: [MaintenanceStore, MaintenanceService] })
export class MaintenanceModule {}
