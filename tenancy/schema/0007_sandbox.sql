-- A domain below the operator's own that a workspace has from the start.
ALTER TABLE domains ADD COLUMN sandbox INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX sandbox_domains ON domains (workspace_id) WHERE sandbox = 1;
