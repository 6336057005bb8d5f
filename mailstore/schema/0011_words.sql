-- Search by words, beside the search by substrings that IMAP asks for.

-- The place of a message among all of its workspace, by the time it was received: seconds since 1970, then 16 bits that
-- count the messages of that second. So a search walks the newest first, and a span of time is a span of numbers.
CREATE TABLE word_rows (
  id             INTEGER PRIMARY KEY,                -- rowid in word_text
  message_id     TEXT NOT NULL UNIQUE
) STRICT;

-- What stands in a message, as package words parts it, without the text itself. marks says whose it is and what it has.
CREATE VIRTUAL TABLE word_text USING fts5 (
  from_, to_, cc, bcc, subject, body, files, marks,
  content = '', contentless_delete = 1, detail = full, tokenize = "ascii"
);
INSERT INTO word_text (word_text, rank) VALUES ('automerge', 0);
INSERT INTO word_text (word_text, rank) VALUES ('crisismerge', 64);

-- Messages that are older than this index, and not in it yet.
CREATE TABLE word_backlog (
  id             INTEGER PRIMARY KEY AUTOINCREMENT,
  message_id     TEXT NOT NULL UNIQUE
) STRICT;

-- Where a second has more messages than it has numbers, they go behind it.
INSERT INTO word_rows (id, message_id)
  SELECT number + MAX(received_at / 1000000 * 65536 - number) OVER (ORDER BY number), id
  FROM (SELECT id, received_at, ROW_NUMBER() OVER (ORDER BY received_at, id) AS number FROM messages);

INSERT INTO word_backlog (message_id)
  SELECT id FROM messages WHERE id NOT IN (SELECT message_id FROM search_queue) ORDER BY received_at DESC, id DESC;

CREATE TRIGGER words_place AFTER INSERT ON messages BEGIN
  INSERT INTO word_rows (id, message_id)
    SELECT CASE WHEN last IS NULL THEN base WHEN last < base + 65535 THEN last + 1 ELSE (SELECT MAX(id) + 1 FROM word_rows) END, NEW.id
    FROM (SELECT base, (SELECT MAX(id) FROM word_rows WHERE id BETWEEN base AND base + 65535) AS last
      FROM (SELECT NEW.received_at / 1000000 * 65536 AS base));
END;

CREATE TRIGGER words_forget AFTER DELETE ON messages BEGIN
  DELETE FROM word_text WHERE rowid IN (SELECT id FROM word_rows WHERE message_id = OLD.id);
  DELETE FROM word_rows WHERE message_id = OLD.id;
  DELETE FROM word_backlog WHERE message_id = OLD.id;
END;

-- The text of a draft changes: its words are indexed anew, and it keeps its place.
CREATE TRIGGER words_renew AFTER UPDATE OF structure ON messages BEGIN
  DELETE FROM word_text WHERE rowid IN (SELECT id FROM word_rows WHERE message_id = NEW.id);
  DELETE FROM word_backlog WHERE message_id = NEW.id;
END;
