ALTER TABLE item ADD name TEXT;
CREATE INDEX item_name ON item (name);
