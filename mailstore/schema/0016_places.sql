-- Places of followers in the journal: what lies behind one is kept for it, within bounds.
CREATE TABLE journal_places (
  name     TEXT PRIMARY KEY,                         -- of the follower
  epoch    INTEGER NOT NULL,                         -- of the journal, as a signed number
  seq      INTEGER NOT NULL,                         -- it has read up to this line
  held_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
