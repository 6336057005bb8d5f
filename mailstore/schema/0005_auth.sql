-- What is known of who really sent a message: JSON, mailstore.Auth; '' of messages that did not come in by SMTP.
ALTER TABLE messages ADD COLUMN auth TEXT NOT NULL DEFAULT '';
