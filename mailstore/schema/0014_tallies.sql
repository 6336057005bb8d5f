-- How many lines of a type the journal got in an hour, for each inbox and, with inbox_id '', for the workspace. They outlive the lines.
CREATE TABLE tallies (
  inbox_id  TEXT NOT NULL,
  type      TEXT NOT NULL,
  hour      INTEGER NOT NULL, -- since 1970
  count     INTEGER NOT NULL,
  PRIMARY KEY (inbox_id, type, hour)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies (inbox_id, type, hour, count) SELECT inbox_id, type, at / 3600000000, COUNT(*) FROM journal
  WHERE type LIKE 'message.%' AND type NOT IN ('message.updated', 'message.deleted') AND inbox_id <> '' GROUP BY 1, 2, 3;
INSERT INTO tallies (inbox_id, type, hour, count) SELECT '', type, at / 3600000000, COUNT(*) FROM journal
  WHERE type LIKE 'message.%' AND type NOT IN ('message.updated', 'message.deleted') GROUP BY 2, 3;
