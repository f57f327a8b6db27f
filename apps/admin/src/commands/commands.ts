import type { Command } from '../command-line/command.js';
import { AUDIT_COMMANDS } from './audit.js';
import { MAINTENANCE_COMMANDS } from './maintenance.js';
import { PLAN_COMMANDS } from './plans.js';
import { REPLY_COMMANDS } from './replies.js';
import { RESTORE_COMMANDS } from './restore.js';
import { SERVICE_COMMANDS } from './service.js';
import { USER_COMMANDS } from './users.js';

/** All that there are, as the help lists them. */
export const COMMANDS: readonly Command[] = [
  ...USER_COMMANDS,
  ...PLAN_COMMANDS,
  ...REPLY_COMMANDS,
  ...SERVICE_COMMANDS,
  ...AUDIT_COMMANDS,
  ...MAINTENANCE_COMMANDS,
  ...RESTORE_COMMANDS,
];
