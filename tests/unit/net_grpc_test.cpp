// The gRPC health check: its two messages, and servers good and bad.
#include <nghttp2/nghttp2.h>

#include <array>
#include <chrono>
#include <cstring>

#include "base/text.hpp"
#include "net/grpc.hpp"
#include "net/probe.hpp"
#include "support/catch.hpp"
#include "unit/net_support.hpp"

using namespace podctl;
using namespace podctl::net;
using namespace podtest;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

constexpr auto kEnough = 5s;

// A message with its gRPC prefix.
std::string framed(const std::string& message) {
  std::string out(5, '\0');
  out[3] = static_cast<char>(message.size() >> 8);
  out[4] = static_cast<char>(message.size() & 0xff);
  return out + message;
}

// What a server of HTTP/2 answers to the one request it gets.
struct Answer {
  std::string status = "200";
  std::string body = framed("\x08\x01");
  std::string grpc_status = "0", grpc_message;
  bool trailers = true;  // else all is in the first header, as for a call that failed at once
};

struct Seen {
  std::string headers, body;
};

struct Session {
  const Answer& answer;
  Seen seen;
  std::size_t given = 0;
};

nghttp2_nv pair_of(const std::string& name, const std::string& value) {
  const auto bytes = [](const std::string& text) { return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data())); };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

int take_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
                std::size_t value_size, std::uint8_t, void* user) {
  append(static_cast<Session*>(user)->seen.headers, std::string_view(reinterpret_cast<const char*>(name), name_size), '=',
         std::string_view(reinterpret_cast<const char*>(value), value_size), '\n');
  return 0;
}

int take_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size, void* user) {
  static_cast<Session*>(user)->seen.body.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

ssize_t give_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* buffer, std::size_t size, std::uint32_t* flags,
                  nghttp2_data_source*, void* user) {
  auto& mine = *static_cast<Session*>(user);
  const std::size_t part = std::min(size, mine.answer.body.size() - mine.given);
  std::memcpy(buffer, mine.answer.body.data() + mine.given, part);
  mine.given += part;
  if (mine.given == mine.answer.body.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (mine.answer.trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::string names[] = {"grpc-status", "grpc-message"};
      const std::array<nghttp2_nv, 2> trailers{{pair_of(names[0], mine.answer.grpc_status), pair_of(names[1], mine.answer.grpc_message)}};
      nghttp2_submit_trailer(session, stream, trailers.data(), mine.answer.grpc_status.empty() ? 0 : 2);
    }
  }
  return static_cast<ssize_t>(part);
}

int answer_request(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  const bool is_end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if ((frame->hd.type != NGHTTP2_DATA && frame->hd.type != NGHTTP2_HEADERS) || !is_end) return 0;
  const Answer& answer = static_cast<Session*>(user)->answer;
  const std::string names[] = {":status", "content-type", "grpc-status", "grpc-message"}, type = "application/grpc";
  const std::array<nghttp2_nv, 4> headers{{pair_of(names[0], answer.status), pair_of(names[1], type), pair_of(names[2], answer.grpc_status),
                                           pair_of(names[3], answer.grpc_message)}};
  const nghttp2_data_provider body{.source = {}, .read_callback = give_body};
  return nghttp2_submit_response(session, frame->hd.stream_id, headers.data(), answer.trailers ? 2 : 4, answer.trailers ? &body : nullptr);
}

Seen serve(int socket, const Answer& answer) {
  Session mine{answer, {}};
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, take_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, take_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, answer_request);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new(&session, callbacks, &mine);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  char buffer[4096];
  for (bool goes_on = true; goes_on;) {
    const std::uint8_t* data = nullptr;
    for (ssize_t size = 0; goes_on && (size = nghttp2_session_mem_send(session, &data)) > 0;)
      goes_on = send_text(socket, {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    const ssize_t got = ::recv(socket, buffer, sizeof buffer, 0);
    goes_on =
        got > 0 && nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(buffer), static_cast<std::size_t>(got)) >= 0;
  }
  nghttp2_session_del(session);
  return mine.seen;
}

Outcome probe_answer(const Answer& answer) {
  Server server([&](int socket) { serve(socket, answer); });
  return probe_grpc({.address = "127.0.0.1", .port = server.port(), .service = {}}, kEnough);
}

Outcome probe_bytes(const std::string& bytes) {
  Server server([&](int socket) {
    send_text(socket, bytes);
    ::shutdown(socket, SHUT_WR);
    read_to_end(socket);
  });
  return probe_grpc({.address = "127.0.0.1", .port = server.port(), .service = {}}, kEnough);
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a health request is a string in a message", "[net]") {
  CHECK(health_request("") == "\0\0\0\0\0"s);
  CHECK(health_request("app") == "\0\0\0\0\5\x0a\3app"s);
  CHECK(health_request(std::string(300, 'x')) == "\0\0\0\1\x2f\x0a\xac\2"s + std::string(300, 'x'));
}

TEST_CASE("a health response is read whatever else is in it", "[net]") {
  const auto status = [](const std::string& message) { return parse_health_response(framed(message)); };
  CHECK(status("") == Serving::kUnknown);
  CHECK(status("\x08\1") == Serving::kServing);
  CHECK(status("\x08\2") == Serving::kNotServing);
  CHECK(status("\x08\3") == Serving::kServiceUnknown);
  CHECK(status("\x08\x81\0"s) == Serving::kServing);  // more bytes than it needs
  CHECK(status("\x08\2\x08\1") == Serving::kServing);
  CHECK(status("\x12\3abc\x08\1\x1d"
               "1234\x21"
               "12345678\x28\xff\x7f") == Serving::kServing);
  CHECK(serving_name(*status("\x08\x2a")) == "42");
}

TEST_CASE("what is no health response is told from one", "[net]") {
  const std::string whole = framed("\x12\3abc\x08\1");
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(parse_health_response(whole.substr(0, size)));
  CHECK_FALSE(parse_health_response(whole + "x"));
  CHECK_FALSE(parse_health_response("\1" + whole.substr(1)));  // compressed
  for (const char* wrong : {"\x08", "\x08\x80", "\x12\5abc", "\x0f", "\x0c",
                            "\x09"
                            "1234567",
                            "\x01\1", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", "\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_health_response(framed(wrong)));
  }
}

TEST_CASE("a gRPC server that serves passes, and is asked as clients ask", "[net]") {
  Seen seen;
  const Answer answer;
  std::uint16_t port = 0;
  {
    Server server([&](int socket) { seen = serve(socket, answer); });
    port = server.port();
    const Outcome outcome = probe_grpc({.address = "127.0.0.1", .port = port, .service = "app"}, kEnough);
    INFO(outcome.message);
    CHECK(outcome.result == Result::kSuccess);
    CHECK(outcome.message == "service healthy");
  }
  CHECK(seen.headers == cat(":method=POST\n:scheme=http\n:path=/grpc.health.v1.Health/Check\n:authority=127.0.0.1:", port,
                            "\ncontent-type=application/grpc\nuser-agent=kube-probe/1.34\nte=trailers\n"));
  CHECK(seen.body == health_request("app"));
}

TEST_CASE("every other answer of a gRPC server is a failure that says why", "[net]") {
  struct Row {
    Answer answer;
    const char* words;
  };
  const std::vector<Row> rows{
      {{.body = framed("\x08\2"), .grpc_message = {}}, "service unhealthy (responded with \"NOT_SERVING\")"},
      {{.body = framed(""), .grpc_message = {}}, "service unhealthy (responded with \"UNKNOWN\")"},
      {{.grpc_status = "12", .grpc_message = "unknown service", .trailers = false}, "does not implement the grpc health protocol"},
      {{.grpc_status = "5", .grpc_message = "no such service", .trailers = false}, "code \"5\", \"no such service\""},
      {{.grpc_status = "13", .grpc_message = "too late"}, "code \"13\", \"too late\""},
      {{.grpc_status = "", .grpc_message = {}}, "no grpc-status"},
      {{.status = "404", .grpc_message = {}}, "unexpected HTTP status code 404"},
      {{.body = "", .grpc_message = {}}, "the answer is no HealthCheckResponse"},
      {{.body = std::string(100'000, '\0'), .grpc_message = {}}, "the answer is no HealthCheckResponse"},
  };
  for (const auto& row : rows) {
    const Outcome outcome = probe_answer(row.answer);
    INFO(row.words);
    CHECK(outcome.result == Result::kFailure);
    CHECK(contains(outcome.message, row.words));
  }
}

TEST_CASE("servers that speak no HTTP/2 fail a gRPC probe", "[net]") {
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
  CHECK(contains(probe_bytes("").message, "connection closed"));
  CHECK(contains(probe_bytes(settings).message, "connection closed"));
  for (const std::string& bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, std::string(100, 'x'), std::string(1000, '\0'),
                                   settings + "\xff\xff\xff\1\4\0\0\0\1xxxx"s, settings + "\0\0\5\1\5\0\0\0\1\xff\xff\xff\xff\xff"s}) {
    CAPTURE(bytes);
    CHECK(probe_bytes(bytes).result == Result::kFailure);
  }
}

TEST_CASE("a gRPC server that says nothing, or nothing else, is not waited for beyond the timeout", "[net]") {
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9), ping(
                                                           "\0\0\x8\6\0\0\0\0\0"
                                                           "12345678",
                                                           17);
  for (const bool pings : {false, true}) {
    Server server([&](int socket) {
      if (!pings) return read_to_end(socket);
      send_text(socket, settings);
      char buffer[4096];
      while (send_text(socket, ping) && ::recv(socket, buffer, sizeof buffer, 0) > 0) std::this_thread::sleep_for(5ms);
    });
    const auto from = std::chrono::steady_clock::now();
    const Outcome outcome = probe_grpc({.address = "127.0.0.1", .port = server.port(), .service = {}}, 150ms);
    CHECK(outcome.result == Result::kFailure);
    CHECK(contains(outcome.message, "timeout: "));
    CHECK(std::chrono::steady_clock::now() - from < 2s);
  }
}
