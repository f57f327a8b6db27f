import { type DynamicModule, Global, Module, type Type } from '@nestjs/common';
import { loadConfig } from './load-config.js';

/**
 * Makes validated configuration classes injectable by their class, everywhere in the process.
 * A process names every class that it needs once, so all problems are reported together, before anything connects.
 */
@Global()
@Module({})
export class ConfigModule {
  /**
   * @param classes the configuration classes of this process
   * @throws ConfigError naming every variable that is missing or malformed, never a value
   */
  static forRoot(classes: Type<object>[]): DynamicModule {
    const instances = loadConfig(classes);
    const providers = classes.map((type, index) => ({ provide: type, useValue: instances[index] }));
    return { module: ConfigModule, providers, exports: classes };
  }

  /** The classes without their values: enough for Nest's preview mode, which reads modules and builds nothing. */
  static unread(classes: Type<object>[]): DynamicModule {
    const providers = classes.map((type) => ({ provide: type, useValue: undefined }));
    return { module: ConfigModule, providers, exports: classes };
  }
}
