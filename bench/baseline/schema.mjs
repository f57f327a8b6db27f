/** The tables of the baselines. They stay as they are, so that results of different times have the same measure. */

export const BARE_TABLES = `
  CREATE TABLE bare_message (id uuid PRIMARY KEY, room uuid NOT NULL, role text NOT NULL, content text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz);
  CREATE INDEX ON bare_message (room, id);`;

export const NECESSARY_TABLES = `
  CREATE TABLE necessary_room (id uuid PRIMARY KEY, user_id uuid NOT NULL, title text, created_at timestamptz NOT NULL DEFAULT now(),
    last_activity_at timestamptz NOT NULL DEFAULT now(), last_seq int NOT NULL DEFAULT 0);
  CREATE INDEX ON necessary_room (user_id, last_activity_at DESC);
  CREATE TABLE necessary_message (id uuid PRIMARY KEY, room_id uuid NOT NULL REFERENCES necessary_room, user_id uuid NOT NULL,
    seq int NOT NULL, role text NOT NULL, status text NOT NULL, content text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    completed_at timestamptz, reply_to uuid REFERENCES necessary_message, attempt int NOT NULL DEFAULT 0, tokens int,
    UNIQUE (room_id, seq));
  CREATE TABLE necessary_daily_usage (user_id uuid, day date, used int NOT NULL, PRIMARY KEY (user_id, day));
  CREATE TABLE necessary_model_usage (user_id uuid, day date, calls int NOT NULL, tokens bigint NOT NULL, PRIMARY KEY (user_id, day));
  CREATE TABLE necessary_idempotency_key (user_id uuid, key text, reply_id uuid NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key));`;
