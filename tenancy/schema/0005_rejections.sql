-- As in a workspace: records are found again and forgotten without a look at all of them.
ALTER TABLE rejections ADD COLUMN same INTEGER NOT NULL DEFAULT 0; -- of what was refused: two that tell the same have the same; 0 of old ones
CREATE INDEX rejections_same ON rejections (same, last_at);
CREATE INDEX rejections_by_action ON rejections (action, last_at, id);
