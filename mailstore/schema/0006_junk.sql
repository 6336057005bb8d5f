-- Who is wanted, and what was refused.

-- What is known of those who write to an inbox, and to whom it writes. Addresses are as addressKey makes them.
CREATE TABLE senders (
  address     TEXT NOT NULL,
  inbox_id    TEXT NOT NULL,
  received    INTEGER NOT NULL DEFAULT 0,            -- messages from it that did not begin in Junk
  received_at INTEGER NOT NULL DEFAULT 0,            -- when the first of them came; 0: none did
  sent        INTEGER NOT NULL DEFAULT 0,            -- messages to it
  sent_at     INTEGER NOT NULL DEFAULT 0,            -- when the first of them was sent
  judged      TEXT NOT NULL DEFAULT '',              -- wanted junk, by what the user did last; '' nothing
  judged_at   INTEGER NOT NULL DEFAULT 0,
  level       REAL NOT NULL DEFAULT 0,               -- how fast messages go to and fro: see turn
  turned_at   INTEGER NOT NULL DEFAULT 0,            -- when level was that
  turned      INTEGER NOT NULL DEFAULT 0,            -- the last one: 1 received, 2 sent
  paused_till INTEGER NOT NULL DEFAULT 0,            -- nothing is sent to it before
  PRIMARY KEY (address, inbox_id)
) STRICT, WITHOUT ROWID;

INSERT INTO senders (address, inbox_id, received, received_at)
  SELECT lower(envelope ->> '$.from[0].address') AS author, inbox_id, COUNT(*), MIN(received_at) FROM messages
  WHERE direction <> 2 AND author <> '' GROUP BY 1, 2;
INSERT INTO senders (address, inbox_id, sent, sent_at)
  SELECT lower(a.value ->> '$.address') AS recipient, m.inbox_id, COUNT(*), MIN(m.received_at)
  FROM messages m, json_each(json_array(m.envelope -> '$.to', m.envelope -> '$.cc', m.envelope -> '$.bcc')) l, json_each(l.value) a
  WHERE m.direction = 2 AND recipient <> '' GROUP BY 1, 2
  ON CONFLICT DO UPDATE SET sent = excluded.sent, sent_at = excluded.sent_at;

-- Entries of the allow and block lists.
CREATE TABLE lists (
  inbox_id    TEXT NOT NULL,                         -- '' for all inboxes of the workspace
  direction   TEXT NOT NULL,                         -- receive reply send
  entry       TEXT NOT NULL,                         -- an address as addressKey makes it, or a domain in A-labels, for its sub-domains too
  kind        TEXT NOT NULL,                         -- allow block
  reason      TEXT NOT NULL DEFAULT '',              -- in the user's words
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, direction, entry)
) STRICT, WITHOUT ROWID;
CREATE INDEX lists_by_time ON lists (direction, kind, inbox_id, created_at, entry);

-- What was refused, or put aside.
CREATE TABLE rejections (
  id          TEXT PRIMARY KEY,                      -- rej_…
  action      TEXT NOT NULL,                         -- refused quarantined
  reason      TEXT NOT NULL,                         -- mailstore.Reason…
  detail      TEXT NOT NULL DEFAULT '',              -- what was answered, or found
  inbox_id    TEXT NOT NULL DEFAULT '',              -- '' if nobody has the address
  source      TEXT NOT NULL DEFAULT '',              -- IP address of the client
  helo        TEXT NOT NULL DEFAULT '',              -- how it greeted
  sender      TEXT NOT NULL DEFAULT '',              -- envelope sender
  author      TEXT NOT NULL DEFAULT '',              -- address in From
  recipient   TEXT NOT NULL DEFAULT '',
  subject     TEXT NOT NULL DEFAULT '',
  message_id  TEXT NOT NULL DEFAULT '',              -- msg_… of what was put aside
  count       INTEGER NOT NULL DEFAULT 1,            -- how often the same came
  first_at    INTEGER NOT NULL,
  last_at     INTEGER NOT NULL,
  released_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX rejections_by_time ON rejections (last_at, id);
CREATE INDEX rejections_of_message ON rejections (message_id) WHERE message_id <> '';

-- Why a message lies in Junk, or what was found and did not count: JSON, mailstore.Junk; '' of others.
ALTER TABLE messages ADD COLUMN junk TEXT NOT NULL DEFAULT '';
