-- Addresses that came from before 0006 get the form that they are looked for by.
INSERT INTO senders (address, inbox_id, received, received_at, sent, sent_at)
  SELECT address_key(address), inbox_id, SUM(received), COALESCE(MIN(NULLIF(received_at, 0)), 0), SUM(sent), COALESCE(MIN(NULLIF(sent_at, 0)), 0)
  FROM senders WHERE address <> address_key(address) GROUP BY 1, 2
  ON CONFLICT DO UPDATE SET
    received = received + excluded.received,
    received_at = CASE WHEN received_at = 0 OR excluded.received_at BETWEEN 1 AND received_at THEN excluded.received_at ELSE received_at END,
    sent = sent + excluded.sent,
    sent_at = CASE WHEN sent_at = 0 OR excluded.sent_at BETWEEN 1 AND sent_at THEN excluded.sent_at ELSE sent_at END;
DELETE FROM senders WHERE address <> address_key(address);

-- Who wrote long ago and never got an answer is forgotten.
CREATE INDEX senders_strangers ON senders (max(received_at, turned_at)) WHERE sent = 0 AND judged = '';
