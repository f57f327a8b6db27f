UPDATE message SET user_id = chatroom.user_id FROM chatroom
WHERE chatroom.id = message.chatroom_id AND message.user_id IS NULL;
