// httpGet over TLS, with a certificate that nobody vouches for.
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <chrono>

#include "base/text.hpp"
#include "net/probe.hpp"
#include "support/catch.hpp"
#include "unit/net_support.hpp"

using namespace podctl;
using namespace podctl::net;
using namespace podtest;
using namespace std::chrono_literals;

namespace {

constexpr auto kEnough = 5s;

// A key, a certificate of its own making for another name that has run out, and TLS with them for one connection.
class Tls {
 public:
  Tls() {
    mbedtls_entropy_init(&entropy_);
    mbedtls_ctr_drbg_init(&random_);
    mbedtls_pk_init(&key_);
    mbedtls_x509_crt_init(&certificate_);
    mbedtls_ssl_config_init(&config_);
    must(mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0));
    must(mbedtls_pk_setup(&key_, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)));
    must(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key_), mbedtls_ctr_drbg_random, &random_));
    mbedtls_x509write_cert writer;
    mbedtls_mpi serial;
    mbedtls_x509write_crt_init(&writer);
    mbedtls_mpi_init(&serial);
    must(mbedtls_mpi_lset(&serial, 1));
    mbedtls_x509write_crt_set_subject_key(&writer, &key_);
    mbedtls_x509write_crt_set_issuer_key(&writer, &key_);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    must(mbedtls_x509write_crt_set_subject_name(&writer, "CN=somebody.else"));
    must(mbedtls_x509write_crt_set_issuer_name(&writer, "CN=somebody.else"));
    must(mbedtls_x509write_crt_set_validity(&writer, "20010101000000", "20020101000000"));
    must(mbedtls_x509write_crt_set_serial(&writer, &serial));
    std::array<unsigned char, 4096> der{};
    const int size = mbedtls_x509write_crt_der(&writer, der.data(), der.size(), mbedtls_ctr_drbg_random, &random_);
    must(size < 0 ? size : 0);
    must(mbedtls_x509_crt_parse_der(&certificate_, der.data() + der.size() - size, static_cast<std::size_t>(size)));
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&writer);
    must(mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
    must(mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_));
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;
  ~Tls() {
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&certificate_);
    mbedtls_pk_free(&key_);
    mbedtls_ctr_drbg_free(&random_);
    mbedtls_entropy_free(&entropy_);
  }

  enum class End { kNotified, kCut };
  /// Reads a request and answers it. @returns the request; empty when there was no handshake
  std::string answer(int socket, std::string_view text, End end = End::kNotified) {
    mbedtls_ssl_context session;
    mbedtls_ssl_init(&session);
    std::string request;
    if (mbedtls_ssl_setup(&session, &config_) == 0) {
      mbedtls_ssl_set_bio(&session, &socket, send_some, receive_some, nullptr);
      if (mbedtls_ssl_handshake(&session) == 0) {
        unsigned char c = 0;
        while (request.find("\r\n\r\n") == std::string::npos && mbedtls_ssl_read(&session, &c, 1) == 1) request += static_cast<char>(c);
        while (!text.empty()) {
          const int sent = mbedtls_ssl_write(&session, reinterpret_cast<const unsigned char*>(text.data()), text.size());
          if (sent <= 0) break;
          text.remove_prefix(static_cast<std::size_t>(sent));
        }
        if (end == End::kNotified) mbedtls_ssl_close_notify(&session);
      }
    }
    mbedtls_ssl_free(&session);
    return request;
  }

 private:
  // Mbed TLS's own would bring a resolver along.
  static int send_some(void* socket, const unsigned char* data, std::size_t size) {
    const ssize_t sent = ::send(*static_cast<int*>(socket), data, size, MSG_NOSIGNAL);
    return sent < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : static_cast<int>(sent);
  }
  static int receive_some(void* socket, unsigned char* data, std::size_t size) {
    const ssize_t got = ::recv(*static_cast<int*>(socket), data, size, 0);
    return got < 0 ? MBEDTLS_ERR_SSL_INTERNAL_ERROR : static_cast<int>(got);
  }
  static void must(int rc) {
    if (rc != 0) throw std::runtime_error("Mbed TLS: " + std::to_string(rc));
  }
  mbedtls_entropy_context entropy_;
  mbedtls_ctr_drbg_context random_;
  mbedtls_pk_context key_;
  mbedtls_x509_crt certificate_;
  mbedtls_ssl_config config_;
};

HttpGet https(std::uint16_t port) { return {.address = "127.0.0.1", .port = port, .scheme = Scheme::kHttps, .headers = {}}; }

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("HTTPS is spoken whoever answers", "[net]") {
  Tls tls;
  std::string request;
  {
    Server server([&](int socket) { request = tls.answer(socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); });
    const Outcome outcome = probe_http(https(server.port()), kEnough);
    INFO(outcome.message);
    CHECK(outcome.result == Result::kSuccess);
  }
  CHECK(contains(request, "GET / HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_CASE("an answer over TLS is judged as any other", "[net]") {
  Tls tls;
  const auto probe = [&](const std::string& answer, Tls::End end = Tls::End::kNotified) {
    Server server([&](int socket) { tls.answer(socket, answer, end); });
    return probe_http(https(server.port()), kEnough);
  };
  CHECK(probe("HTTP/1.1 503 No\r\n\r\n").message == "HTTP probe failed with statuscode: 503");
  CHECK(probe("HTTP/1.1 200 OK\r\n\r\nup to the end").result == Result::kSuccess);
  CHECK(probe("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x')).result == Result::kSuccess);
  CHECK(probe("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").result == Result::kFailure);
  CHECK(probe("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Tls::End::kCut).result == Result::kFailure);
  CHECK(probe("HTTP/1.1 301 x\r\nLocation: https://example.org/\r\n\r\n").result == Result::kWarning);
}

TEST_CASE("a port of plain HTTP fails a probe over TLS, and a hook goes on in plain", "[net]") {
  std::vector<std::string> requests;
  {
    Server server([&](int socket) {  // as servers do that are spoken to in TLS
      char first = 0;
      if (::recv(socket, &first, 1, MSG_PEEK) != 1) return;
      if (first == '\x16') {
        send_text(socket, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request.\n");
        ::shutdown(socket, SHUT_WR);
        return read_to_end(socket);
      }
      requests.push_back(read_request(socket));
      send_text(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    });
    const Outcome probed = probe_http(https(server.port()), kEnough);
    CHECK(probed.result == Result::kFailure);
    CHECK(contains(probed.message, "server gave HTTP response to HTTPS client"));
    HttpGet hook = https(server.port());
    hook.headers = {{"Authorization", "Bearer secret"}, {"X-A", "1"}};
    CHECK(call_hook(hook, kEnough).result == Result::kSuccess);
  }
  REQUIRE(requests.size() == 1);
  CHECK(contains(requests[0], "X-A: 1"));
  CHECK_FALSE(contains(requests[0], "secret"));
}

TEST_CASE("what is no TLS fails, and is not waited for beyond the timeout", "[net]") {
  for (const auto& answer : std::vector<std::string>{"garbage garbage garbage", "", "\x15\x03\x03", "\x16\x03\x03\xff\xff"}) {
    CAPTURE(answer);
    Server closes([&](int socket) {
      send_text(socket, answer);
      ::shutdown(socket, SHUT_WR);
      read_to_end(socket);
    });
    for (const auto& outcome : {probe_http(https(closes.port()), kEnough), call_hook(https(closes.port()), kEnough)}) {
      CHECK(outcome.result == Result::kFailure);
      CHECK(contains(outcome.message, "TLS: "));
    }
  }
  Server silent([](int socket) { read_to_end(socket); });
  const auto from = std::chrono::steady_clock::now();
  const Outcome outcome = probe_http(https(silent.port()), 150ms);
  CHECK(outcome.result == Result::kFailure);
  CHECK(contains(outcome.message, "timeout: no TLS handshake within 0.15 s"));
  CHECK(std::chrono::steady_clock::now() - from < 2s);
}

TEST_CASE("a port of TLS that is spoken to in plain fails a probe", "[net]") {
  Tls tls;
  Server server([&](int socket) { tls.answer(socket, "HTTP/1.1 200 OK\r\n\r\n"); });
  HttpGet plain = https(server.port());
  plain.scheme = Scheme::kHttp;
  CHECK(probe_http(plain, kEnough).result == Result::kFailure);
}
