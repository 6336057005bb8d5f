-- Those who are told of the journal's lines one by one: webhook endpoints. Which there are, and what each wants, is in postroom.db;
-- here is how far each has come.
CREATE TABLE followers (
  id            TEXT PRIMARY KEY,                    -- whk_...
  seq           INTEGER NOT NULL,                    -- its place: behind this line of the journal
  enabled       INTEGER NOT NULL DEFAULT 1,
  failures      INTEGER NOT NULL DEFAULT 0,          -- attempts that failed since the last one that did not
  failing_since INTEGER NOT NULL DEFAULT 0,          -- the first of them; 0: none
  rest_until    INTEGER NOT NULL DEFAULT 0           -- nothing is tried before
) STRICT, WITHOUT ROWID;

-- A line on its way to a follower, or that was. What waits lies behind no follower's place and is tried again when it is due.
CREATE TABLE dispatches (
  id          TEXT PRIMARY KEY,                      -- dlv_...
  follower_id TEXT NOT NULL,
  event_id    TEXT NOT NULL,                         -- evt_...
  type        TEXT NOT NULL,
  inbox_id    TEXT NOT NULL DEFAULT '',
  seq         INTEGER NOT NULL,                      -- of its line; 0: it has none (a gap, a test)
  test        INTEGER NOT NULL DEFAULT 0,
  status      TEXT NOT NULL,                         -- waiting delivered failed
  attempts    INTEGER NOT NULL DEFAULT 0,
  stage       INTEGER NOT NULL DEFAULT 0,            -- attempts since it began to wait
  due_at      INTEGER NOT NULL DEFAULT 0,
  created_at  INTEGER NOT NULL,
  ended_at    INTEGER NOT NULL DEFAULT 0,            -- 0: it waits
  code        INTEGER NOT NULL DEFAULT 0,            -- HTTP status of the last attempt; 0: there was no answer
  error       TEXT NOT NULL DEFAULT ''               -- of the last attempt
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX dispatches_event ON dispatches (follower_id, event_id);
CREATE INDEX dispatches_list ON dispatches (follower_id, id);
CREATE INDEX dispatches_waiting ON dispatches (follower_id, seq) WHERE status = 'waiting';
CREATE INDEX dispatches_ended ON dispatches (ended_at) WHERE status <> 'waiting';

CREATE TABLE dispatch_attempts (
  dispatch_id TEXT NOT NULL REFERENCES dispatches (id) ON DELETE CASCADE,
  number      INTEGER NOT NULL,                      -- 1 is the first
  started_at  INTEGER NOT NULL,
  took        INTEGER NOT NULL,                      -- microseconds
  code        INTEGER NOT NULL DEFAULT 0,
  response    TEXT NOT NULL DEFAULT '',              -- the beginning of it
  error       TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (dispatch_id, number)
) STRICT, WITHOUT ROWID;
