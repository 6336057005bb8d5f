-- Lists across all inboxes of the workspace, in the order of time.
CREATE INDEX messages_by_time_of_workspace ON messages (received_at, id);
CREATE INDEX threads_by_time_of_workspace ON threads (merged_into, last_at, id);
DROP INDEX threads_by_merge; -- which the one above begins with

-- What few messages have is found without a walk through the others.
CREATE INDEX placements_unseen ON placements (mailbox_id, message_id) WHERE flags & 1 = 0;
CREATE INDEX placements_flagged ON placements (mailbox_id, message_id) WHERE flags & 4 <> 0;
CREATE INDEX placements_labelled ON placements (mailbox_id, keywords, message_id) WHERE keywords <> '';
CREATE INDEX messages_with_attachments ON messages (inbox_id, received_at, id) WHERE attachments NOT IN ('null', '[]');
