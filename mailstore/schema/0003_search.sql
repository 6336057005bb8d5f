-- Search.

-- The folded text of messages (message.SearchText) as runs of three characters, without the text itself. A long text is in
-- several rows that overlap. Merging is asked for in small steps behind each batch, so no commit does much of it at once.
CREATE VIRTUAL TABLE search_text USING fts5 (
  from_, to_, cc, bcc, subject, header, body,
  content = '', contentless_delete = 1, detail = full, tokenize = "trigram case_sensitive 1 remove_diacritics 0"
);
INSERT INTO search_text (search_text, rank) VALUES ('automerge', 0);
INSERT INTO search_text (search_text, rank) VALUES ('crisismerge', 64);

-- Which runs there are.
CREATE VIRTUAL TABLE search_terms USING fts5vocab (search_text, row);

CREATE TABLE search_rows (
  id             INTEGER PRIMARY KEY,                -- rowid in search_text
  message_id     TEXT NOT NULL,
  partial        INTEGER NOT NULL                    -- 1: the message has more text than its rows
) STRICT;
CREATE INDEX search_rows_by_message ON search_rows (message_id);
CREATE INDEX search_rows_partial ON search_rows (message_id) WHERE partial = 1;

-- Messages that are not indexed yet, or not to their end.
CREATE TABLE search_queue (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id     TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER search_queues AFTER INSERT ON messages BEGIN
  INSERT INTO search_queue (message_id) VALUES (NEW.id);
END;

CREATE TRIGGER search_forgets AFTER DELETE ON messages BEGIN
  DELETE FROM search_text WHERE rowid IN (SELECT id FROM search_rows WHERE message_id = OLD.id);
  DELETE FROM search_rows WHERE message_id = OLD.id;
  DELETE FROM search_queue WHERE message_id = OLD.id;
END;

INSERT INTO search_queue (message_id) SELECT id FROM messages ORDER BY received_at, id;
