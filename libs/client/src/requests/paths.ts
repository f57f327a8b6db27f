export const roomPath = (roomId: string): string => `/chatroom/${encodeURIComponent(roomId)}`;

export const messagePath = (roomId: string, messageId: string): string =>
  `${roomPath(roomId)}/message/${encodeURIComponent(messageId)}`;
