# frozen_string_literal: true

require 'monitor'
require 'sqlite3'

# Values and remembered answers in an SQLite file. What is committed survives a kill and a
# loss of power. Texts are kept as bytes: SQLite cuts a text at NUL, and orders by bytes.
class Store
  REMEMBERED_SECONDS = 24 * 60 * 60
  FORGET_EVERY_SECONDS = 3600
  BUSY_MS = 5000
  # The file cannot be used now; callers send the call again.
  AWAY = [SQLite3::BusyException, SQLite3::LockedException, SQLite3::CantOpenException, SQLite3::IOException,
          SQLite3::FullException, SQLite3::ReadOnlyException].freeze

  SCHEMA = <<~SQL
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS kept (
      org INTEGER, session TEXT, key BLOB, value BLOB, created INTEGER, updated INTEGER, PRIMARY KEY (org, session, key));
    CREATE TABLE IF NOT EXISTS answers (
      org INTEGER, request_id BLOB, method TEXT, answer BLOB, expires INTEGER, PRIMARY KEY (org, request_id));
    CREATE INDEX IF NOT EXISTS answers_expiry ON answers (expires);
  SQL
  SET = <<~SQL
    INSERT INTO kept VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT (org, session, key)
    DO UPDATE SET value = excluded.value, updated = max(updated + 1, excluded.updated)
  SQL
  GET = 'SELECT value FROM kept WHERE org = ? AND session = ? AND key = ?'
  DELETE = 'DELETE FROM kept WHERE org = ? AND session = ? AND key = ?'
  LIST = 'SELECT key, created, updated FROM kept WHERE org = ? AND session = ? ORDER BY key'
  FIND = 'SELECT method, answer FROM answers WHERE org = ? AND request_id = ?'
  REMEMBER = 'INSERT INTO answers VALUES (?, ?, ?, ?, ?)'

  # One connection, which one call has at a time.
  def initialize(path)
    @lock = Monitor.new
    @db = SQLite3::Database.new(path)
    @db.busy_timeout = BUSY_MS
    @db.execute_batch(SCHEMA)
    @forgotten = nil
  end

  def read(&block)
    @lock.synchronize(&block)
  end

  # Makes a change once and stores its answer with it: the method that the id was used with,
  # and the answer.
  def once(org, request_id, method)
    together do
      known = @db.execute(FIND, [org, bytes(request_id)]).first
      next known if known

      forget
      answer = yield
      @db.execute(REMEMBER, [org, bytes(request_id), method, bytes(answer), Time.now.to_i + REMEMBERED_SECONDS])
      [method, answer]
    end
  end

  def set(place, key, value)
    now = Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)
    @db.execute(SET, [*place, bytes(key), bytes(value), now])
  end

  def get(place, key)
    @db.execute(GET, [*place, bytes(key)]).first&.then { |(value)| text(value) }
  end

  def delete(place, key)
    @db.execute(DELETE, [*place, bytes(key)])
    @db.changes == 1
  end

  def list(place)
    @db.execute(LIST, place).map { |key, created, updated| [text(key), created, updated] }
  end

  def writable?
    together { true }
  rescue SQLite3::Exception
    false
  end

  private

  # What the block makes of one transaction. The driver's own way returns something else.
  def together
    made = nil
    @lock.synchronize { @db.transaction(:immediate) { made = yield } }
    made
  end

  def forget
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    return if @forgotten && now - @forgotten < FORGET_EVERY_SECONDS

    @forgotten = now
    @db.execute('DELETE FROM answers WHERE expires < ?', [Time.now.to_i])
  end

  def bytes(text)
    SQLite3::Blob.new(text.b)
  end

  def text(bytes)
    bytes.dup.force_encoding(Encoding::UTF_8)
  end
end
