# frozen_string_literal: true

# Keeps the values of sessions in an SQLite file, on the plain stubs of the contract: an
# adapter in a language without a kit, written after docs/contract.md.
#
#   ruby -I STUBS server.rb --listen 127.0.0.1:7500 --database values.db
#
# STUBS is the folder that stubs.sh fills.

require 'grpc'
require 'google/protobuf/well_known_types'
require 'google/rpc/error_details_pb'
require 'google/rpc/status_pb'
require 'grpc/health/checker'
require 'mortise/adapter/v1/adapter_services_pb'
require 'mortise/adapter/v1/session_storage_store_services_pb'
require 'optparse'
require_relative 'store'

V1 = Everruns::Mortise::Adapter::V1

NAME = 'mortise-ruby'
VERSION = '0.1.0'
MESSAGE_BYTES_MAX = 32 * 1024 * 1024
# The contract demands 64 calls at once.
CALLS = 96

# Errors of the contract, as docs/errors.md lists them.
module Fail
  DOMAIN = 'mortise.adapter.v1'
  # A text travels in headers.
  TEXT_BYTES_MAX = 2048

  module_function

  def invalid_field(path, problem)
    text = "#{path}: #{problem}"
    violation = Google::Rpc::BadRequest::FieldViolation.new(field: path, description: text)
    details = [Google::Rpc::BadRequest.new(field_violations: [violation])]
    error(GRPC::Core::StatusCodes::INVALID_ARGUMENT, 'INVALID_FIELD', text, details)
  end

  def reused(method, before)
    text = "context.request_id: was used with #{before} before #{method}; send a fresh UUID with every change"
    error(GRPC::Core::StatusCodes::INVALID_ARGUMENT, 'REQUEST_ID_REUSED', text)
  end

  def no_key
    # The host's tools look for these words.
    error(GRPC::Core::StatusCodes::FAILED_PRECONDITION, 'CONFIGURATION', 'Encryption not configured')
  end

  def unavailable
    error(GRPC::Core::StatusCodes::UNAVAILABLE, 'UNAVAILABLE', 'the database cannot answer now')
  end

  def internal
    error(GRPC::Core::StatusCodes::INTERNAL, 'INTERNAL', 'the adapter failed; its log has the cause')
  end

  def error(code, reason, text, details = [])
    text = text.byteslice(0, TEXT_BYTES_MAX).scrub('')
    info = Google::Rpc::ErrorInfo.new(reason: reason, domain: DOMAIN)
    packed = [info, *details].map { |detail| Google::Protobuf::Any.pack(detail) }
    status = Google::Rpc::Status.new(code: code, message: text, details: packed)
    GRPC::BadStatus.new(code, text, 'grpc-status-details-bin' => Google::Rpc::Status.encode(status))
  end
end

# What the contract demands of the fields of a request.
module Check
  module_function

  def request(request, keyed:)
    context = request.context or raise Fail.invalid_field('context', 'is missing; every call has one')
    raise Fail.invalid_field('context.org_id', 'is 0; send the internal id of the org') if context.org_id.zero?

    optional_id('context.org_public_id', context.org_public_id, 'org')
    optional_id('context.session_id', context.session_id, 'session')
    optional_id('context.turn_id', context.turn_id, 'turn')
    request_id(context.request_id) if keyed
    id('session_id', request.session_id, 'session')
  end

  def id(path, text, kind)
    return if text.match?(/\A#{kind}_[0-9a-f]{32}\z/)

    raise Fail.invalid_field(path, "is #{text[0, 80].inspect}; send `#{kind}_` and 32 lower-case hex digits")
  end

  def optional_id(path, text, kind)
    id(path, text, kind) unless text.empty?
  end

  def request_id(text)
    problem = 'is empty; send a UUID' if text.empty?
    problem ||= "has #{text.bytesize} bytes; send 64 at most" if text.bytesize > 64
    problem ||= 'contains NUL; send a UUID' if text.include?("\0")
    raise Fail.invalid_field('context.request_id', problem) if problem
  end
end

# The handshake.
class Adapter < V1::AdapterService::Service
  def describe(_request, _call)
    offers = [V1::AdapterService, V1::SessionStorageStoreService].map do |service|
      V1::ServiceOffer.new(name: service::Service.service_name)
    end
    V1::DescribeResponse.new(
      server: V1::Identity.new(name: NAME, version: VERSION),
      protocol: V1::ProtocolRange.new(min: 1, max: 1),
      scoping: :SCOPING_PER_ORG,
      services: offers,
      limits: V1::Limits.new(max_message_bytes: MESSAGE_BYTES_MAX, request_memory_seconds: Store::REMEMBERED_SECONDS)
    )
  end
end

# The values of sessions. It has no key, so it keeps no secrets.
class Values < V1::SessionStorageStoreService::Service
  def initialize(store)
    super()
    @store = store
  end

  def set_value(request, _call)
    change('SetValue', request, V1::SetValueResponse) do |place|
      @store.set(place, request.key, request.value)
      V1::SetValueResponse.new
    end
  end

  def get_value(request, _call)
    read(request) { |place| V1::GetValueResponse.new(value: @store.get(place, request.key)) }
  end

  def delete_value(request, _call)
    change('DeleteValue', request, V1::DeleteValueResponse) do |place|
      V1::DeleteValueResponse.new(deleted: @store.delete(place, request.key))
    end
  end

  def list_keys(request, _call)
    read(request) do |place|
      keys = @store.list(place).map do |key, created, updated|
        V1::KeyInfo.new(key: key, created_at: stamp(created), updated_at: stamp(updated))
      end
      V1::ListKeysResponse.new(keys: keys)
    end
  end

  def set_secret(request, _call)
    answered { refuse_secret(request, keyed: true) }
  end

  def get_secret(request, _call)
    answered { refuse_secret(request, keyed: false) }
  end

  def delete_secret(request, _call)
    answered { refuse_secret(request, keyed: true) }
  end

  def list_secrets(request, _call)
    answered { refuse_secret(request, keyed: false) }
  end

  private

  def refuse_secret(request, keyed:)
    Check.request(request, keyed: keyed)
    raise Fail.no_key
  end

  def read(request)
    answered do
      Check.request(request, keyed: false)
      @store.read { yield [request.context.org_id, request.session_id] }
    end
  end

  # Makes a change once: the answer is stored in the transaction of the change.
  def change(method, request, answer)
    answered do
      Check.request(request, keyed: true)
      context = request.context
      before, stored = @store.once(context.org_id, context.request_id, method) do
        answer.encode(yield([context.org_id, request.session_id]))
      end
      raise Fail.reused(method, before) if before != method

      answer.decode(stored)
    end
  end

  # No exception of a library crosses the wire, and none ends the process.
  def answered
    yield
  rescue GRPC::BadStatus
    raise
  rescue *Store::AWAY => e
    warn "#{NAME}: the database is away: #{e.class}"
    raise Fail.unavailable
  rescue StandardError => e
    warn "#{NAME}: a call failed: #{e.class}: #{e.backtrace.first}"
    raise Fail.internal
  end

  def stamp(nanoseconds)
    seconds, nanos = nanoseconds.divmod(1_000_000_000)
    Google::Protobuf::Timestamp.new(seconds: seconds, nanos: nanos)
  end
end

# Health follows the database: a check asks it.
class Health < Grpc::Health::V1::Health::Service
  SERVICES = ['', V1::AdapterService::Service.service_name, V1::SessionStorageStoreService::Service.service_name].freeze

  def initialize(store)
    super()
    @store = store
  end

  def check(request, _call)
    raise GRPC::NotFound, 'no such service' unless SERVICES.include?(request.service)

    Grpc::Health::V1::HealthCheckResponse.new(status: @store.writable? ? :SERVING : :NOT_SERVING)
  end
end

def options
  given = { listen: ENV.fetch('MORTISE_LISTEN', '127.0.0.1:7500'), database: 'values.db' }
  OptionParser.new do |parser|
    parser.on('--listen ADDRESS', 'HOST:PORT or unix:PATH') { |value| given[:listen] = value }
    parser.on('--database FILE') { |value| given[:database] = value }
  end.parse!
  given
end

def main
  given = options
  store = Store.new(given[:database])
  server = GRPC::RpcServer.new(
    pool_size: CALLS,
    server_args: {
      'grpc.max_receive_message_length' => MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length' => -1,
      # Hosts ping while a call is under way; gRPC would close the connection for it.
      'grpc.http2.max_ping_strikes' => 0
    }
  )
  server.add_http2_port(given[:listen], :this_port_is_insecure)
  [Adapter.new, Values.new(store), Health.new(store)].each { |service| server.handle(service) }
  warn "#{NAME}: listening on #{given[:listen]}"
  server.run_till_terminated_or_interrupted(%w[SIGTERM SIGINT])
end

main if $PROGRAM_NAME == __FILE__
