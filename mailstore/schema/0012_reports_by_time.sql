-- Reports that were read, by when they came: the oldest go, and to find them must not mean to read what all of them say.
CREATE INDEX reports_read ON reports (received_at) WHERE kind <> '';
