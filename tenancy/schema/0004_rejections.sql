-- What was refused and is no workspace's: mail for domains that are not served, clients that come too fast. The same table as in a
-- workspace's index.
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
