#include "net/grpc.hpp"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "base/text.hpp"

namespace podctl::net {
namespace {

constexpr std::size_t kMostMessage = 4096;
constexpr std::size_t kMostWords = 1024;
constexpr std::size_t kPrefix = 5;  // of a gRPC message: whether it is compressed, and its length

// Protocol Buffers' base 128 numbers (encoding, "varints").
void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

std::optional<std::uint64_t> take_varint(std::string_view& bytes) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes[0]);
    bytes.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

// The value of a field that has no meaning here; false when it is cut off or of no known type.
bool skip_field(std::string_view& bytes, unsigned wire_type) {
  std::uint64_t size = 0;
  switch (wire_type) {
    case 0: return take_varint(bytes).has_value();
    case 1: size = 8; break;
    case 2: {
      const auto length = take_varint(bytes);
      if (!length) return false;
      size = *length;
      break;
    }
    case 5: size = 4; break;
    default: return false;
  }
  if (size > bytes.size()) return false;
  bytes.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

// --- the HTTP/2 session -----------------------------------------------------------------------------------

struct Call {
  std::string_view request;
  GrpcAnswer answer;
  std::uint32_t error = NGHTTP2_NO_ERROR;  // that the stream ended with
};

Call& call_of(void* user_data) { return *static_cast<Call*>(user_data); }

int on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name_bytes, std::size_t name_size,
              const std::uint8_t* value_bytes, std::size_t value_size, std::uint8_t, void* user_data) {
  GrpcAnswer& answer = call_of(user_data).answer;
  const std::string_view name(reinterpret_cast<const char*>(name_bytes), name_size);
  const std::string_view value(reinterpret_cast<const char*>(value_bytes), value_size);
  if (name == ":status") answer.status = parse_number<int>(value).value_or(0);
  else if (name == "grpc-status") answer.code = value.substr(0, 20);
  else if (name == "grpc-message") answer.words = value.substr(0, kMostWords);
  return 0;
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size, void* user_data) {
  std::string& message = call_of(user_data).answer.message;
  message.append(reinterpret_cast<const char*>(data), std::min(size, kMostMessage - message.size()));
  return 0;
}

int on_close(nghttp2_session*, std::int32_t, std::uint32_t error, void* user_data) {
  Call& call = call_of(user_data);
  call.answer.is_over = true;
  call.error = error;
  return 0;
}

ssize_t give_request(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                     void* user_data) {
  std::string_view& rest = call_of(user_data).request;
  const std::size_t given = std::min(size, rest.size());
  std::memcpy(buffer, rest.data(), given);
  rest.remove_prefix(given);
  if (rest.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(given);
}

void require(int rc, std::string_view what) {
  if (rc != 0) throw Trouble{{Result::kError, cat(what, ": ", nghttp2_strerror(rc))}};
}

using Session = std::unique_ptr<nghttp2_session, void (*)(nghttp2_session*)>;

Session make_session(Call& call) {
  nghttp2_session_callbacks* made = nullptr;
  require(nghttp2_session_callbacks_new(&made), "HTTP/2 callbacks");
  const std::unique_ptr<nghttp2_session_callbacks, void (*)(nghttp2_session_callbacks*)> callbacks(made, nghttp2_session_callbacks_del);
  nghttp2_session_callbacks_set_on_header_callback(made, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
  nghttp2_session* session = nullptr;
  require(nghttp2_session_client_new(&session, made, &call), "HTTP/2 session");
  return {session, nghttp2_session_del};
}

nghttp2_nv header(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) { return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

void submit(nghttp2_session* session, const GrpcCheck& check, std::string_view agent) {
  const std::array<nghttp2_settings_entry, 1> settings{{{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}}};
  require(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings.data(), settings.size()), "HTTP/2 settings");
  const std::string authority = endpoint(check.address, check.port);
  const std::vector<nghttp2_nv> headers{header(":method", "POST"),
                                        header(":scheme", "http"),
                                        header(":path", "/grpc.health.v1.Health/Check"),
                                        header(":authority", authority),
                                        header("content-type", "application/grpc"),
                                        header("user-agent", agent),
                                        header("te", "trailers")};
  const nghttp2_data_provider body{.source = {}, .read_callback = give_request};
  const std::int32_t id = nghttp2_submit_request(session, nullptr, headers.data(), headers.size(), &body, nullptr);
  require(id < 0 ? id : 0, "HTTP/2 request");
}

void send_waiting(nghttp2_session* session, Stream& stream) {
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session, &data);
    if (size == 0) return;
    if (size < 0) fail(cat("HTTP/2: ", nghttp2_strerror(static_cast<int>(size))));
    stream.write({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
  }
}

}  // namespace

std::string health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, a string
    append_varint(message, service.size());
    message += service;
  }
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift & 0xff);
  return out + message;
}

std::optional<Serving> parse_health_response(std::string_view bytes) {
  if (bytes.size() < kPrefix || bytes[0] != '\0') return std::nullopt;  // a compressed one was not asked for
  std::uint32_t size = 0;
  for (const char c : bytes.substr(1, 4)) size = size << 8 | static_cast<unsigned char>(c);
  bytes.remove_prefix(kPrefix);
  if (size != bytes.size()) return std::nullopt;  // one message is the answer
  std::uint64_t status = 0;                       // a field of the default value is left out
  while (!bytes.empty()) {
    const auto key = take_varint(bytes);
    if (!key || *key >> 3 == 0) return std::nullopt;
    if (*key == 8) {  // field 1, a number; the last one counts
      const auto value = take_varint(bytes);
      if (!value) return std::nullopt;
      status = *value;
    } else if (!skip_field(bytes, static_cast<unsigned>(*key & 7))) {
      return std::nullopt;
    }
  }
  return static_cast<Serving>(static_cast<int>(static_cast<std::uint32_t>(status)));
}

std::string serving_name(Serving status) {
  switch (status) {
    case Serving::kUnknown: return "UNKNOWN";
    case Serving::kServing: return "SERVING";
    case Serving::kNotServing: return "NOT_SERVING";
    case Serving::kServiceUnknown: return "SERVICE_UNKNOWN";
  }
  return cat(static_cast<int>(status));
}

GrpcAnswer check_health(Stream& stream, const GrpcCheck& check, std::string_view agent) {
  const std::string request = health_request(check.service);
  Call call{.request = request, .answer = {}};
  const Session session = make_session(call);
  submit(session.get(), check, agent);
  std::array<char, 16384> buffer;
  while (!call.answer.is_over) {
    send_waiting(session.get(), stream);
    const std::size_t got = stream.read(buffer.data(), buffer.size());
    if (got == 0) fail("error: health rpc probe failed: connection closed before the answer");
    const ssize_t used = nghttp2_session_mem_recv(session.get(), reinterpret_cast<const std::uint8_t*>(buffer.data()), got);
    if (used < 0) fail(cat("error: health rpc probe failed: no HTTP/2: ", nghttp2_strerror(static_cast<int>(used))));
    // What the session itself objects to it says to the server, and wants no more of it.
    if (nghttp2_session_want_read(session.get()) == 0 && !call.answer.is_over) {
      fail("error: health rpc probe failed: the server broke the rules of HTTP/2");
    }
  }
  if (call.error != NGHTTP2_NO_ERROR && call.answer.code.empty())
    fail(cat("error: health rpc probe failed: stream ended with ", nghttp2_http2_strerror(call.error)));
  return std::move(call.answer);
}

}  // namespace podctl::net
