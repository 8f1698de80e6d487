CREATE TABLE item (id INT);
