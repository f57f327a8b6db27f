import { type InspectedReply, ReplyInspectionStore } from '@app/chatroom';
import { isUUID } from 'class-validator';
import { type CommandContext, CommandError } from '../command-line/command.js';
import { type UserOverview, UserOverviewStore } from '../stores/user-overview.store.js';

/** The first parameter as an id. @throws CommandError */
export function idOf({ parameters: [id = ''] }: CommandContext): string {
  if (!isUUID(id)) throw new CommandError('usage', 'That is no id. "user find" finds a user by the phone number.');
  return id;
}

/** The user whom the first parameter names. @throws CommandError */
export async function userOf(context: CommandContext): Promise<UserOverview> {
  const user = await context.app.get(UserOverviewStore).findById(idOf(context));
  if (user === null) throw new CommandError('notFound', 'There is no such user.');
  return user;
}

/** The reply that the first parameter names. @throws CommandError */
export async function replyOf(context: CommandContext): Promise<InspectedReply> {
  const reply = await context.app.get(ReplyInspectionStore, { strict: false }).find(idOf(context));
  if (reply === null) throw new CommandError('notFound', 'There is no such reply.');
  return reply;
}

/** The country code's first digit and the last two: enough to tell numbers apart, and no number. */
export const masked = (phone: string): string =>
  `${phone.slice(0, 2)}${'*'.repeat(phone.length - 4)}${phone.slice(-2)}`;
