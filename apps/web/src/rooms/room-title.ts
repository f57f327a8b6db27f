import type { Room } from '@gemini-chat/client';

/** What a room is called, also while it has no name yet. */
export const titleOf = ({ title }: Pick<Room, 'title'>): string => title ?? 'New chat';
