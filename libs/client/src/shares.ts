import type { Api } from './requests/api.js';
import { roomPath } from './requests/paths.js';
import type { ChatClient, Share, SharedConversation } from './types.js';

/** Links to conversations, and what they show. */
export function sharesOf(api: Api): ChatClient['shares'] {
  const sharesPath = (roomId: string) => `${roomPath(roomId)}/share`;
  return {
    create: (roomId) => api.once<Share>({ method: 'POST', path: sharesPath(roomId) }),
    list: (roomId) => api.list(sharesPath(roomId)),
    revoke: (roomId, token) => api.remove(`${sharesPath(roomId)}/${encodeURIComponent(token)}`),
    read: (token) => api.public<SharedConversation>(`/shared/${encodeURIComponent(token)}`),
  };
}
