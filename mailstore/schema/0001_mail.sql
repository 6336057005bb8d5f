-- Times are microseconds since 1970, UTC. Flags are the bits of mailstore.Flags. JSON is text.

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- An IMAP mailbox of an inbox (RFC 9051, 2.3.1).
CREATE TABLE mailboxes (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  object_id      TEXT NOT NULL UNIQUE,               -- MAILBOXID (RFC 8474)
  inbox_id       TEXT NOT NULL,
  name           TEXT NOT NULL,                      -- UTF-8, "/" between levels
  special_use    TEXT NOT NULL DEFAULT '',           -- \Sent ... (RFC 6154)
  subscribed     INTEGER NOT NULL DEFAULT 1,
  uidvalidity    INTEGER NOT NULL,
  uidnext        INTEGER NOT NULL DEFAULT 1,
  highestmodseq  INTEGER NOT NULL DEFAULT 1,
  created_at     INTEGER NOT NULL,
  UNIQUE (inbox_id, name)
) STRICT;

-- A message of an inbox. Its bytes are the file named by its id.
CREATE TABLE messages (
  id             TEXT PRIMARY KEY,
  inbox_id       TEXT NOT NULL,
  thread_id      TEXT NOT NULL,
  direction      INTEGER NOT NULL,                   -- 1 received, 2 sent, 3 put there by a client
  delivered_to   TEXT NOT NULL DEFAULT '',           -- envelope recipient
  sender         TEXT NOT NULL DEFAULT '',           -- envelope sender, '' is the null reverse-path
  size           INTEGER NOT NULL,                   -- octets of the file
  message_id     TEXT NOT NULL DEFAULT '',           -- RFC Message-ID with its angle brackets
  subject        TEXT NOT NULL DEFAULT '',
  preview        TEXT NOT NULL DEFAULT '',
  envelope       TEXT NOT NULL,                      -- JSON, message.Envelope
  structure      TEXT NOT NULL,                      -- JSON, message.Part with byte offsets
  attachments    TEXT NOT NULL,                      -- JSON, []message.Attachment
  received_at    INTEGER NOT NULL,                   -- INTERNALDATE
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_by_time ON messages (inbox_id, received_at, id);
CREATE INDEX messages_by_thread ON messages (thread_id, received_at, id);
CREATE INDEX messages_by_message_id ON messages (inbox_id, message_id);

-- A message in a mailbox. A message is in one mailbox or more.
CREATE TABLE placements (
  mailbox_id     INTEGER NOT NULL REFERENCES mailboxes (id),
  uid            INTEGER NOT NULL,
  message_id     TEXT NOT NULL REFERENCES messages (id),
  modseq         INTEGER NOT NULL,
  flags          INTEGER NOT NULL DEFAULT 0,
  keywords       TEXT NOT NULL DEFAULT '',           -- JSON list, sorted; '' is none
  file           TEXT NOT NULL,                      -- base name in the mailbox's folder, without flags
  saved_at       INTEGER NOT NULL,                   -- SAVEDATE (RFC 8514)
  PRIMARY KEY (mailbox_id, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX placements_by_message ON placements (message_id);
CREATE INDEX placements_by_modseq ON placements (mailbox_id, modseq);

-- UIDs that are gone, for VANISHED (RFC 7162).
CREATE TABLE expunged (
  mailbox_id     INTEGER NOT NULL,
  modseq         INTEGER NOT NULL,
  uid            INTEGER NOT NULL,
  PRIMARY KEY (mailbox_id, modseq, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE threads (
  id             TEXT PRIMARY KEY,
  inbox_id       TEXT NOT NULL,
  merged_into    TEXT NOT NULL DEFAULT '',           -- the thread that lives; '' for one that lives
  subject        TEXT NOT NULL DEFAULT '',           -- of its first message
  base_subject   TEXT NOT NULL DEFAULT '',           -- without Re: and the like, lower case
  messages       INTEGER NOT NULL DEFAULT 0,
  created_at     INTEGER NOT NULL,
  last_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX threads_by_time ON threads (inbox_id, merged_into, last_at, id);
CREATE INDEX threads_by_subject ON threads (inbox_id, base_subject, last_at);
CREATE INDEX threads_by_merge ON threads (merged_into);

-- Every Message-ID that a thread's messages have or name, so that order of arrival does not matter.
CREATE TABLE thread_ids (
  inbox_id       TEXT NOT NULL,
  message_id     TEXT NOT NULL,
  thread_id      TEXT NOT NULL,
  PRIMARY KEY (inbox_id, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_ids_by_thread ON thread_ids (thread_id);

-- Deliveries whose client may have missed our answer: a retry of one is stored once.
CREATE TABLE unconfirmed (
  inbox_id       TEXT NOT NULL,
  recipient      TEXT NOT NULL,
  sender         TEXT NOT NULL,
  sha256         BLOB NOT NULL,                      -- of the bytes as received
  message_id     TEXT NOT NULL,
  at             INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, sha256, sender, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX unconfirmed_by_message ON unconfirmed (message_id);
CREATE INDEX unconfirmed_by_time ON unconfirmed (at);

-- Files to remove once the commit that gave them up is durable.
CREATE TABLE unlinks (
  path           TEXT PRIMARY KEY                    -- "<inbox id>/<folder>/<base name>"
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  id             TEXT NOT NULL UNIQUE,               -- evt_...
  type           TEXT NOT NULL,
  inbox_id       TEXT NOT NULL DEFAULT '',
  message_id     TEXT NOT NULL DEFAULT '',
  thread_id      TEXT NOT NULL DEFAULT '',
  at             INTEGER NOT NULL,
  data           TEXT NOT NULL DEFAULT ''            -- JSON of what the thing was at that moment
) STRICT;
