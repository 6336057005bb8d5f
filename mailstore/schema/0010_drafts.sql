-- Drafts.

-- What is known of a draft beside its message, which lies in the mailbox Drafts. A draft that a mail client put there has no row
-- until it is changed by other means.
CREATE TABLE drafts (
  message_id     TEXT PRIMARY KEY,
  inbox_id       TEXT NOT NULL,
  revision       INTEGER NOT NULL DEFAULT 0,         -- counts the changes of this row
  send_at        INTEGER NOT NULL DEFAULT 0,         -- when it is sent; 0: when somebody says so
  unsubscribe    INTEGER NOT NULL DEFAULT 0,         -- 1: each recipient gets a link of its own (RFC 8058)
  answers        TEXT NOT NULL DEFAULT '',           -- the message of the inbox that it answers
  failure        TEXT NOT NULL DEFAULT ''            -- why it could not be sent at its time
) STRICT, WITHOUT ROWID;
CREATE INDEX drafts_by_time ON drafts (send_at) WHERE send_at > 0;

-- The answer as it was, where it does not follow from what was sent.
ALTER TABLE answers ADD COLUMN answer TEXT NOT NULL DEFAULT '';

-- The text of a draft changes: it is indexed anew.
CREATE TRIGGER search_renews AFTER UPDATE OF structure ON messages BEGIN
  DELETE FROM search_text WHERE rowid IN (SELECT id FROM search_rows WHERE message_id = NEW.id);
  DELETE FROM search_rows WHERE message_id = NEW.id;
  DELETE FROM search_queue WHERE message_id = NEW.id;
  INSERT INTO search_queue (message_id) VALUES (NEW.id);
END;
