-- How the body of an event is stored. full_size is NULL: as it came. Otherwise it is a
-- frame of zstd, which is unpacked to so many bytes. base_sequence is then the event of the
-- same session whose body, unpacked, the frame repeats; NULL: it repeats none. place is the
-- place among the events that repeat each other, from which the next base follows.
--
-- An event never changes and never goes, so a base stays what it is. Events of older builds
-- are read as they are.
ALTER TABLE events ADD COLUMN full_size BIGINT;
ALTER TABLE events ADD COLUMN base_sequence BIGINT;
ALTER TABLE events ADD COLUMN place BIGINT;
