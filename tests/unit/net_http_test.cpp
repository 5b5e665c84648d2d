// httpGet against real servers: what passes, what fails, and how servers can misbehave.
#include <chrono>

#include "base/text.hpp"
#include "net/http.hpp"
#include "net/probe.hpp"
#include "support/catch.hpp"
#include "unit/net_support.hpp"

using namespace podctl;
using namespace podctl::net;
using namespace podtest;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kEnough = 5s;  // no test waits that long

HttpGet get_from(std::uint16_t port, std::string path = "/") {
  return {.address = "127.0.0.1", .port = port, .path = std::move(path), .headers = {}};
}

Outcome probe_answer(const std::string& answer) {
  HttpServer server(answer);
  return probe_http(get_from(server.port()), kEnough);
}

std::string status_line(int status) { return cat("HTTP/1.1 ", status, " Some words\r\nContent-Length: 0\r\n\r\n"); }

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// What is asked of a server that says nothing more after `beginning`.
Outcome probe_slow(const std::string& beginning) {
  Server server([&](int socket) {
    read_request(socket);
    send_text(socket, beginning);
    read_to_end(socket);
  });
  const auto from = Clock::now();
  Outcome outcome = probe_http(get_from(server.port()), 150ms);
  CHECK(Clock::now() - from >= 150ms);
  CHECK(Clock::now() - from < 3s);
  return outcome;
}

}  // namespace

TEST_CASE("200 to 299 is success, 300 to 399 a warning, the rest a failure", "[net]") {
  for (const int status : {200, 201, 204, 299}) CHECK(probe_answer(status_line(status)).result == Result::kSuccess);
  for (const int status : {300, 304, 399}) CHECK(probe_answer(status_line(status)).result == Result::kWarning);
  CHECK(probe_answer(status_line(302)).result == Result::kWarning);  // and says not where to
  for (const int status : {101, 400, 404, 500, 503, 599}) {
    const Outcome outcome = probe_answer(status_line(status));
    CHECK(outcome.result == Result::kFailure);
    CHECK(outcome.message == cat("HTTP probe failed with statuscode: ", status));
  }
}

TEST_CASE("a request says what a kubelet's says", "[net]") {
  HttpServer server(status_line(200));
  REQUIRE(probe_http(get_from(server.port(), "healthz?full=1#part"), kEnough).result == Result::kSuccess);
  CHECK(server.requests().at(0) == cat("GET /healthz?full=1 HTTP/1.1\r\nHost: 127.0.0.1:", server.port(),
                                       "\r\nUser-Agent: kube-probe/1.34\r\nAccept: */*\r\nConnection: close\r\n\r\n"));
}

TEST_CASE("headers of the manifest replace the usual ones and are sent as often as they are named", "[net]") {
  const Url url{.host = "10.0.0.1", .port = 80};
  const auto text = [&](const std::vector<Header>& headers) { return http_request(url, headers, "agent"); };
  CHECK(text({{"host", "web.example"}, {"X-A", "1"}, {"x-a", "2"}}) ==
        "GET / HTTP/1.1\r\nHost: web.example\r\nUser-Agent: agent\r\nAccept: */*\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n");
  CHECK(text({{"user-agent", "mine"}, {"accept", "text/plain"}}) ==
        "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\nuser-agent: mine\r\naccept: text/plain\r\nConnection: close\r\n\r\n");
  CHECK(text({{"Accept", ""}}) == "GET / HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: agent\r\nConnection: close\r\n\r\n");
  CHECK(text({{"Content-Length", "9"}, {"Transfer-Encoding", "chunked"}, {"Connection", "keep-alive"}}) == text({}));
  for (const char* bad : {"a\r\nGET /other HTTP/1.1", "a\nb", "a\rb"}) {
    HttpServer server(status_line(200));
    HttpGet request = get_from(server.port());
    request.headers = {{"X-A", bad}};
    const Outcome outcome = probe_http(request, kEnough);
    CHECK(outcome.result == Result::kFailure);
    CHECK(contains(outcome.message, "invalid header"));
    CHECK(server.requests().empty());
  }
}

TEST_CASE("redirects within the host are followed, at most ten", "[net]") {
  std::atomic<int> left{0};
  std::atomic<std::uint16_t> port{0};
  HttpServer server([&](const std::string&) {
    if (left-- <= 0) return status_line(200);
    return cat("HTTP/1.1 302 Found\r\nLocation: ", left % 2 == 0 ? cat("http://127.0.0.1:", port.load(), "/n") : "next", "\r\n\r\n");
  });
  port = server.port();
  left = 10;
  CHECK(probe_http(get_from(server.port(), "/a/b"), kEnough).result == Result::kSuccess);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 11);
  CHECK(contains(requests[1], "GET /a/next "));
  CHECK(contains(requests[2], "GET /n "));
  left = 11;
  const Outcome endless = probe_http(get_from(server.port()), kEnough);
  CHECK(endless.result == Result::kFailure);
  CHECK(contains(endless.message, "stopped after 10 redirects"));
}

TEST_CASE("headers go along with a redirect; a Host header only while locations are relative", "[net]") {
  std::atomic<std::uint16_t> port{0};
  HttpServer server([&](const std::string& request) {
    if (contains(request, "GET / ")) return std::string("HTTP/1.1 307 x\r\nLocation: /two\r\n\r\n");
    if (contains(request, "GET /two ")) return cat("HTTP/1.1 308 x\r\nLocation: //127.0.0.1:", port.load(), "/three\r\n\r\n");
    return status_line(200);
  });
  port = server.port();
  HttpGet request = get_from(server.port());
  request.headers = {{"Host", "web"}, {"X-A", "1"}};
  REQUIRE(probe_http(request, kEnough).result == Result::kSuccess);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 3);
  for (const auto& one : requests) CHECK(contains(one, "X-A: 1\r\n"));
  CHECK(contains(requests[1], "Host: web\r\n"));
  CHECK(contains(requests[2], cat("Host: 127.0.0.1:", server.port(), "\r\n")));
}

TEST_CASE("a redirect to another host is not followed and warns", "[net]") {
  for (const char* location : {"http://example.org/", "//localhost/", "https://[::1]:8443/x"}) {
    const Outcome outcome = probe_answer(cat("HTTP/1.1 301 x\r\nLocation: ", location, "\r\n\r\nmoved"));
    CHECK(outcome.result == Result::kWarning);
    CHECK(contains(outcome.message, "Probe terminated redirects"));
    CHECK(contains(outcome.message, location));
    CHECK(contains(outcome.message, "moved"));
  }
  const Outcome nowhere = probe_answer("HTTP/1.1 301 x\r\nLocation: gopher://127.0.0.1/\r\n\r\n");
  CHECK(nowhere.result == Result::kFailure);
}

TEST_CASE("bodies of every kind end where they end", "[net]") {
  for (const char* body :
       {"Content-Length: 5\r\n\r\nhello", "\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0\r\nT: 1\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"})
    CHECK(probe_answer(cat("HTTP/1.1 200 OK\r\n", body)).result == Result::kSuccess);
  CHECK(probe_answer("HTTP/1.0 200 OK\r\n\r\n").result == Result::kSuccess);
  CHECK(probe_answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + status_line(200)).result == Result::kSuccess);
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 103 Early\r\n\r\n";
  CHECK(probe_answer(interim + status_line(200)).result == Result::kFailure);
}

TEST_CASE("10 KiB of a body are enough: what comes then is not waited for", "[net]") {
  const auto endless = [](const char* header, const std::string& piece) {
    Server server([&](int socket) {
      read_request(socket);
      send_text(socket, cat("HTTP/1.1 200 OK\r\n", header, "\r\n"));
      while (send_text(socket, piece)) continue;
    });
    return probe_http(get_from(server.port()), kEnough);
  };
  CHECK(endless("", std::string(1000, 'x')).result == Result::kSuccess);
  CHECK(endless("Content-Length: 99999999999\r\n", std::string(1000, 'x')).result == Result::kSuccess);
  CHECK(endless("Transfer-Encoding: chunked\r\n", cat("3e8\r\n", std::string(1000, 'x'), "\r\n")).result == Result::kSuccess);
  const HttpAnswer answer = [] {
    AnswerReader reader;
    CHECK(reader.take("HTTP/1.1 500 x\r\n\r\n" + std::string(20'000, 'y')) == AnswerReader::State::kDone);
    return reader.answer();
  }();
  CHECK(answer.body == std::string(kMostBody, 'y'));
}

TEST_CASE("slow servers are not waited for beyond the timeout, wherever they stop", "[net]") {
  for (const char* beginning :
       {"", "HTTP", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    CAPTURE(beginning);
    const Outcome outcome = probe_slow(beginning);
    CHECK(outcome.result == Result::kFailure);
    CHECK(contains(outcome.message, "timeout: no answer within 0.15 s"));
  }
}

TEST_CASE("the timeout is for all of a probe: bytes that drip do not prolong it, nor do redirects", "[net]") {
  Server dripping([&](int socket) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\n");
    while (send_text(socket, "X")) std::this_thread::sleep_for(20ms);
  });
  HttpServer turning([](const std::string&) {
    std::this_thread::sleep_for(60ms);
    return std::string("HTTP/1.1 302 x\r\nLocation: /\r\n\r\n");
  });
  for (const std::uint16_t port : {dripping.port(), turning.port()}) {
    const auto from = Clock::now();
    CHECK(probe_http(get_from(port), 200ms).result == Result::kFailure);
    CHECK(Clock::now() - from < 1s);
  }
}

TEST_CASE("what is no answer in HTTP is a failure that shows its beginning", "[net]") {
  for (const auto& answer : std::vector<std::string>{
           std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("\0\1\2\3\r\n\r\n", 8), std::string("HTTP/9.9 200 OK\r\n\r\n"),
           std::string("HTTP/1.1 2x0 OK\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
           std::string("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), std::string("<html>\r\n\r\n")}) {
    CAPTURE(answer);
    const Outcome outcome = probe_answer(answer);
    CHECK(outcome.result == Result::kFailure);
    CHECK(contains(outcome.message, "malformed HTTP response"));
    CHECK(outcome.message.find('\0') == std::string::npos);
  }
  CHECK(contains(probe_answer("SSH-2.0-x\r\n\r\n").message, "beginning with \"SSH-2.0-x"));
}

TEST_CASE("connections that end early are failures", "[net]") {
  const std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const Outcome outcome = probe_answer(whole.substr(0, size));
    CHECK(outcome.result == Result::kFailure);
    CHECK(contains(outcome.message, "EOF"));
  }
  CHECK(probe_answer(whole).result == Result::kSuccess);
  CHECK(probe_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").result == Result::kFailure);
}

TEST_CASE("a header without end is cut off, by its size and not by the timeout", "[net]") {
  Server server([](int socket) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\n");
    while (send_text(socket, "X-More: " + std::string(1000, 'x') + "\r\n")) continue;
  });
  const auto from = Clock::now();
  const Outcome outcome = probe_http(get_from(server.port()), kEnough);
  CHECK(outcome.result == Result::kFailure);
  CHECK(contains(outcome.message, "its header is too long"));
  CHECK(Clock::now() - from < 3s);
  Server line([](int socket) {
    read_request(socket);
    send_text(socket, "HTTP/1.1 200 OK\r\nX: ");
    while (send_text(socket, std::string(1000, 'x'))) continue;
  });
  CHECK(contains(probe_http(get_from(line.port()), kEnough).message, "its header is too long"));
}

TEST_CASE("an answer is the same in whatever pieces it comes", "[net]") {
  const std::string header = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\nLocation:  /there \r\nTransfer-Encoding: chunked\r\n\r\n";
  const bool empty = GENERATE(false, true);
  const std::string text = header + (empty ? "" : "5\r\nhello\r\n3\r\n...\r\n") + "0\r\n\r\n";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CAPTURE(piece, empty);
    AnswerReader reader;
    AnswerReader::State state = AnswerReader::State::kMore;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      REQUIRE(state == AnswerReader::State::kMore);
      state = reader.take(std::string_view(text).substr(at, piece));
    }
    REQUIRE(state == AnswerReader::State::kDone);
    CHECK(reader.answer().status == 302);
    CHECK(reader.answer().location == "/there");
    CHECK(reader.answer().body == (empty ? "" : "hello..."));
  }
}

TEST_CASE("a refused connection is an ordinary failure; a name is no address", "[net]") {
  std::uint16_t port = 0;
  {
    const Server server([](int) {});
    port = server.port();
  }
  const Outcome refused = probe_http(get_from(port), kEnough);
  CHECK(refused.result == Result::kFailure);
  CHECK(refused.message == cat("Get \"http://127.0.0.1:", port, "/\": connect to 127.0.0.1:", port, ": Connection refused (ECONNREFUSED)"));
  const Outcome tcp = probe_tcp({.address = "127.0.0.1", .port = port}, kEnough);
  CHECK(tcp.result == Result::kFailure);
  CHECK(contains(tcp.message, "ECONNREFUSED"));
  for (const char* name : {"localhost", "", "127.1.1", "1.2.3.4.5", "fe80::1%lo"}) {
    CHECK(probe_http({.address = name, .port = 80, .headers = {}}, kEnough).result == Result::kError);
    CHECK(probe_tcp({.address = name, .port = 80}, kEnough).result == Result::kError);
    CHECK(probe_grpc({.address = name, .port = 80, .service = {}}, kEnough).result == Result::kError);
  }
}

TEST_CASE("tcpSocket is satisfied by a connection, over either family", "[net]") {
  for (const char* address : {"127.0.0.1", "::1"}) {
    const Server server([](int socket) { read_to_end(socket); }, address);
    CHECK(probe_tcp({.address = address, .port = server.port()}, kEnough).result == Result::kSuccess);
    HttpServer web(status_line(200), address);
    CHECK(probe_http({.address = address, .port = web.port(), .headers = {}}, kEnough).result == Result::kSuccess);
  }
  // Nobody accepts here, and the kernel's queue is full.
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof where;
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&where), size) == 0);
  REQUIRE(::listen(listener.get(), 0) == 0);
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&where), &size) == 0);
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(waiting.back().get(), reinterpret_cast<sockaddr*>(&where), size));
  }
  const Outcome outcome = probe_tcp({.address = "127.0.0.1", .port = ntohs(where.sin_port)}, 150ms);
  CHECK(outcome.result == Result::kFailure);
  CHECK(contains(outcome.message, "timeout: no connection to 127.0.0.1:"));
}

TEST_CASE("a hook is satisfied by any answer, and fails when there is none", "[net]") {
  for (const int status : {200, 404, 500, 302}) {
    HttpServer server(status_line(status));
    CHECK(call_hook(get_from(server.port()), kEnough).result == Result::kSuccess);
    CHECK(contains(server.requests().at(0), "User-Agent: kube-lifecycle/"));
  }
  CHECK(probe_slow("").result == Result::kFailure);
  HttpServer garbage("nonsense\r\n\r\n");
  CHECK(call_hook(get_from(garbage.port()), kEnough).result == Result::kFailure);
}
