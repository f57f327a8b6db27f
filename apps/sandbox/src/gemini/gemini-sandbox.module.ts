import { Module } from '@nestjs/common';
import { SandboxConfig } from '../sandbox.config.js';
import { GeminiControlController } from './gemini-control.controller.js';
import { GeminiSandboxConfig } from './gemini-sandbox.config.js';
import { GeminiController } from './gemini.controller.js';
import { GeminiJournal } from './gemini.journal.js';
import { GeminiScript } from './gemini.script.js';

/** A stand-in for Google's Gemini API, with a script and a journal. */
@Module({
  controllers: [GeminiController, GeminiControlController],
  providers: [
    { provide: GeminiSandboxConfig, useFactory: (config: SandboxConfig) => config.gemini, inject: [SandboxConfig] },
    GeminiScript,
    GeminiJournal,
  ],
})
export class GeminiSandboxModule {}
