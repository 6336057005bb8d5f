-- Nobody held a place there: how far those have come who follow a journal durably is in followers.
DROP TABLE journal_places;
