import { type DynamicModule, Module } from '@nestjs/common';
import { GeminiSandboxModule } from './gemini/gemini-sandbox.module.js';
import { IndexController } from './index.controller.js';
import { SandboxConfig } from './sandbox.config.js';
import { SmsSandboxModule } from './sms/sms-sandbox.module.js';
import { StripeSandboxModule } from './stripe/stripe-sandbox.module.js';

/** Stand-ins for the services that the product talks to, one module for each vendor. */
@Module({ imports: [GeminiSandboxModule, SmsSandboxModule, StripeSandboxModule], controllers: [IndexController] })
export class SandboxModule {
  /** @param config injectable as `SandboxConfig` by every vendor's module */
  static forRoot(config: SandboxConfig): DynamicModule {
    return {
      module: SandboxModule,
      global: true,
      providers: [{ provide: SandboxConfig, useValue: config }],
      exports: [SandboxConfig],
    };
  }
}
