-- Since when an inbox sends nothing; 0: it does.
ALTER TABLE inboxes ADD COLUMN paused_at INTEGER NOT NULL DEFAULT 0;
