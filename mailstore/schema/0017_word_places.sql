-- The text of a draft changes, and with it the time by which it is listed: its words are indexed anew, at the place of that time.
DROP TRIGGER words_renew;
CREATE TRIGGER words_renew AFTER UPDATE OF structure ON messages BEGIN
  DELETE FROM word_text WHERE rowid IN (SELECT id FROM word_rows WHERE message_id = NEW.id);
  DELETE FROM word_rows WHERE message_id = NEW.id;
  DELETE FROM word_backlog WHERE message_id = NEW.id;
  INSERT INTO word_rows (id, message_id)
    SELECT CASE WHEN last IS NULL THEN base WHEN last < base + 65535 THEN last + 1 ELSE (SELECT MAX(id) + 1 FROM word_rows) END, NEW.id
    FROM (SELECT base, (SELECT MAX(id) FROM word_rows WHERE id BETWEEN base AND base + 65535) AS last
      FROM (SELECT NEW.received_at / 1000000 * 65536 AS base));
END;
