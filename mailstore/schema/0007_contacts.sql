-- Who an inbox has heard from and written to. Addresses are in lower case, ASCII letters alone.

CREATE INDEX messages_by_author ON messages (inbox_id, lower(envelope ->> '$.from[0].address'), received_at, id) WHERE direction <> 2;

-- Kept when the message goes.
CREATE TABLE written_to (
  inbox_id       TEXT NOT NULL,
  address        TEXT NOT NULL,
  first_at       INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, address)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER written_to_notes AFTER INSERT ON messages WHEN NEW.direction = 2 BEGIN
  INSERT INTO written_to (inbox_id, address, first_at)
  SELECT NEW.inbox_id, lower(person.value ->> '$.address'), NEW.received_at
  FROM json_each('["$.to", "$.cc", "$.bcc"]') AS field, json_each(NEW.envelope, field.value) AS person
  WHERE person.value ->> '$.address' <> ''
  ON CONFLICT (inbox_id, address) DO UPDATE SET first_at = MIN(first_at, excluded.first_at);
END;

INSERT INTO written_to (inbox_id, address, first_at)
SELECT m.inbox_id, lower(person.value ->> '$.address'), m.received_at
FROM messages AS m, json_each('["$.to", "$.cc", "$.bcc"]') AS field, json_each(m.envelope, field.value) AS person
WHERE m.direction = 2 AND person.value ->> '$.address' <> ''
ON CONFLICT (inbox_id, address) DO UPDATE SET first_at = MIN(first_at, excluded.first_at);
