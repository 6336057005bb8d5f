-- What leaves.

-- A message that was accepted to be sent, under the id of its copy in Sent, which may be gone. Its bytes are queued as
-- outbox/<id> until nobody waits for them.
CREATE TABLE outgoing (
  id             TEXT PRIMARY KEY,
  inbox_id       TEXT NOT NULL,
  thread_id      TEXT NOT NULL,
  sender         TEXT NOT NULL,                      -- envelope sender, an address of the inbox
  message_id     TEXT NOT NULL,                      -- RFC Message-ID with its angle brackets
  size           INTEGER NOT NULL,                   -- octets of the file
  lane           INTEGER NOT NULL,                   -- 1 prompt, 2 bulk
  unsubscribe    INTEGER NOT NULL DEFAULT 0,         -- 1: each recipient gets a link of its own (RFC 8058)
  send_at        INTEGER NOT NULL DEFAULT 0,         -- not before; 0: at once
  told           INTEGER NOT NULL DEFAULT 0,         -- 1: the sender knows of a delay
  created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outgoing_by_message_id ON outgoing (inbox_id, message_id);
CREATE INDEX outgoing_by_time ON outgoing (created_at);

-- One recipient of it.
CREATE TABLE outbox (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  outgoing_id    TEXT NOT NULL REFERENCES outgoing (id),
  inbox_id       TEXT NOT NULL,
  recipient      TEXT NOT NULL,
  domain         TEXT NOT NULL,                      -- A-labels, lower case
  lane           INTEGER NOT NULL,
  status         TEXT NOT NULL,                      -- queued deferred sent delivered bounced rejected cancelled
  waiting        INTEGER NOT NULL,                   -- 1: queued or deferred
  held           INTEGER NOT NULL DEFAULT 0,
  due_at         INTEGER NOT NULL,                   -- when it may be tried
  claim          INTEGER NOT NULL DEFAULT 0,         -- the run of the program that has it in hand
  attempts       INTEGER NOT NULL DEFAULT 0,
  reason         TEXT NOT NULL DEFAULT '',           -- why it did not go, report.Reason
  code           INTEGER NOT NULL DEFAULT 0,         -- the last reply
  enhanced       TEXT NOT NULL DEFAULT '',
  reply          TEXT NOT NULL DEFAULT '',
  finished_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_of_outgoing ON outbox (outgoing_id);
CREATE INDEX outbox_by_domain ON outbox (domain, lane, due_at, id) WHERE waiting = 1 AND held = 0;
CREATE INDEX outbox_by_due ON outbox (due_at) WHERE waiting = 1 AND held = 0;
CREATE INDEX outbox_waiting ON outbox (inbox_id, id) WHERE waiting = 1;
CREATE INDEX outbox_prompt ON outbox (lane) WHERE waiting = 1 AND lane = 1;
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE waiting = 0;

-- Each time that it was tried, written before the connection is made.
CREATE TABLE attempts (
  outbox_id      INTEGER NOT NULL,
  number         INTEGER NOT NULL,                   -- from 1
  started_at     INTEGER NOT NULL,
  ended_at       INTEGER NOT NULL DEFAULT 0,         -- 0: it runs, or a crash ended it
  host           TEXT NOT NULL DEFAULT '',
  address        TEXT NOT NULL DEFAULT '',           -- IP and port
  tls            TEXT NOT NULL DEFAULT '',           -- "TLS 1.3"; '' is none
  verified       TEXT NOT NULL DEFAULT '',           -- by what the certificate was verified; '' is not
  code           INTEGER NOT NULL DEFAULT 0,
  enhanced       TEXT NOT NULL DEFAULT '',
  reply          TEXT NOT NULL DEFAULT '',           -- what the other side said, or what went wrong
  PRIMARY KEY (outbox_id, number)
) STRICT, WITHOUT ROWID;

-- Senders who are to be told that a message did not go (RFC 3464).
CREATE TABLE notices (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  outgoing_id    TEXT NOT NULL,
  kind           TEXT NOT NULL,                      -- failed delayed
  recipients     TEXT NOT NULL,                      -- JSON list of outbox ids
  at             INTEGER NOT NULL
) STRICT;
CREATE INDEX notices_of_outgoing ON notices (outgoing_id);

-- Addresses that nothing is sent to any more.
CREATE TABLE suppressions (
  address        TEXT PRIMARY KEY,                   -- lower case, domain in A-labels
  reason         TEXT NOT NULL,                      -- bounce complaint unsubscribe manual
  detail         TEXT NOT NULL DEFAULT '',           -- what was said
  inbox_id       TEXT NOT NULL DEFAULT '',           -- whose mail it was
  message_id     TEXT NOT NULL DEFAULT '',           -- msg_… that led to it
  created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressions_by_time ON suppressions (created_at, address);

-- Answers that were given under an Idempotency-Key, kept in the commit of what they tell of.
CREATE TABLE answers (
  request        TEXT PRIMARY KEY,                   -- whose, method, path and key
  body_hash      BLOB NOT NULL,
  outgoing_id    TEXT NOT NULL,
  expires_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_expiry ON answers (expires_at);

-- What became of a message that was sent; '' of others.
ALTER TABLE messages ADD COLUMN status TEXT NOT NULL DEFAULT '';
