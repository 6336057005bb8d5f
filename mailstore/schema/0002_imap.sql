-- What IMAP needs.

-- A mailbox's folder keeps the name that it was made with, whatever the mailbox is called later: '' is INBOX's. So far
-- there were only the mailboxes that every inbox has, and those that a rebuild found.
ALTER TABLE mailboxes ADD COLUMN folder TEXT NOT NULL DEFAULT '';
UPDATE mailboxes SET folder = CASE name WHEN 'INBOX' THEN '' ELSE '.' || replace(replace(name, '&', '&-'), '/', '.') END;

-- UIDs below it were shown to a session as recent (RFC 3501, 2.3.2).
ALTER TABLE mailboxes ADD COLUMN recent_uid INTEGER NOT NULL DEFAULT 1;

-- Expunged UIDs up to this MODSEQ are not known any more.
ALTER TABLE mailboxes ADD COLUMN expunged_floor INTEGER NOT NULL DEFAULT 0;

-- A subscription is to a name; it outlives the mailbox (RFC 9051, 6.3.7).
CREATE TABLE subscriptions (
  inbox_id       TEXT NOT NULL,
  name           TEXT NOT NULL,
  PRIMARY KEY (inbox_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO subscriptions (inbox_id, name) SELECT inbox_id, name FROM mailboxes WHERE subscribed = 1;
ALTER TABLE mailboxes DROP COLUMN subscribed;

-- How the user's clients spell a keyword; placements hold it in lower case.
CREATE TABLE keyword_spellings (
  inbox_id       TEXT NOT NULL,
  keyword        TEXT NOT NULL,
  spelling       TEXT NOT NULL,
  PRIMARY KEY (inbox_id, keyword)
) STRICT, WITHOUT ROWID;

-- Of the message, repeated so that a mailbox is read in one walk.
ALTER TABLE placements ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE placements ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
UPDATE placements SET (size, received_at) = (SELECT size, received_at FROM messages WHERE id = placements.message_id);

-- What IMAP says of a message, ready to be sent (message.Wire): the rows are small and lie in the order in which messages
-- came, so that those of a mailbox are read in one walk.
CREATE TABLE wires (
  id             INTEGER PRIMARY KEY,
  envelope       TEXT NOT NULL,
  body           TEXT NOT NULL,
  structure      TEXT NOT NULL,
  header         TEXT                                -- NULL: read the file
) STRICT;

-- Of the message; 0 where it must be made from the file.
ALTER TABLE placements ADD COLUMN wire INTEGER NOT NULL DEFAULT 0;

-- When the message was changed last in this mailbox; 0: not since it came.
ALTER TABLE placements ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
