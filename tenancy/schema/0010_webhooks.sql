-- Where a workspace wants its events to be posted. How far each endpoint has come, and what was tried, is in the workspace's own index.
CREATE TABLE webhooks (
  id           TEXT PRIMARY KEY,                     -- whk_...
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  url          TEXT NOT NULL,
  event_types  TEXT NOT NULL,                        -- JSON list; empty: all
  inbox_ids    TEXT NOT NULL,                        -- JSON list; empty: all, and what concerns the workspace
  description  TEXT NOT NULL DEFAULT '',
  headers      TEXT NOT NULL,                        -- JSON object write-only
  ordered      INTEGER NOT NULL DEFAULT 0,
  secret       TEXT NOT NULL,                        -- whsec_...
  old_secret   TEXT NOT NULL DEFAULT '',             -- signs beside it until old_until
  old_until    INTEGER NOT NULL DEFAULT 0,
  enabled      INTEGER NOT NULL DEFAULT 1,
  reason       TEXT NOT NULL DEFAULT '',             -- why it is disabled
  disabled_at  INTEGER,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_of_workspace ON webhooks (workspace_id, id);
