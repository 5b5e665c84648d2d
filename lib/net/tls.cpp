// TLS as probes use it: whoever answers is believed (Kubernetes checks no certificate of a probe either).
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/errno_text.hpp"
#include "base/text.hpp"
#include "net/stream.hpp"

namespace podctl::net {
namespace {

constexpr std::string_view kHttp = "HTTP/";  // how an answer in plain HTTP begins

// The kernel's generator: Mbed TLS brings others, which would be seeded from it.
int random_bytes(void*, unsigned char* buffer, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::getrandom(buffer, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    buffer += got;
    size -= static_cast<std::size_t>(got);
  }
  return 0;
}

class TlsStream : public Stream {
 public:
  TlsStream(UniqueFd socket, const Deadline& deadline) : socket_(std::move(socket)), deadline_(deadline) {
    mbedtls_ssl_init(&session_);
    mbedtls_ssl_config_init(&config_);
  }
  ~TlsStream() override {
    mbedtls_ssl_free(&session_);
    mbedtls_ssl_config_free(&config_);
  }

  void shake_hands(TlsFault& fault) {
    int rc = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&config_, random_bytes, nullptr);
    if (rc == 0) rc = mbedtls_ssl_setup(&session_, &config_);
    if (rc != 0) throw Trouble{{Result::kError, cat("TLS: ", words(rc))}};
    mbedtls_ssl_set_bio(&session_, this, send, receive, nullptr);
    while ((rc = mbedtls_ssl_handshake(&session_)) != 0) await_or_fail(rc, "no TLS handshake", fault);
  }

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const int rc = mbedtls_ssl_write(&session_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
      if (rc >= 0) bytes.remove_prefix(static_cast<std::size_t>(rc));
      else await_or_fail(rc, "the request was not taken", ignored_);
    }
  }

  std::size_t read(char* buffer, std::size_t size) override {
    for (;;) {
      const int rc = mbedtls_ssl_read(&session_, reinterpret_cast<unsigned char*>(buffer), size);
      if (rc >= 0) return static_cast<std::size_t>(rc);
      if (rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || (rc == MBEDTLS_ERR_SSL_CONN_EOF)) return 0;
      await_or_fail(rc, "no answer", ignored_);
    }
  }

 private:
  static std::string words(int rc) {
    std::array<char, 128> text{};
    mbedtls_strerror(rc, text.data(), text.size());
    return text.data();
  }

  void await_or_fail(int rc, std::string_view awaited, TlsFault& fault) {
    if (rc == MBEDTLS_ERR_SSL_WANT_READ) return deadline_.await(socket_.get(), POLLIN, awaited);
    if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) return deadline_.await(socket_.get(), POLLOUT, awaited);
    if (std::string_view(first_.data(), have_first_) == kHttp) {
      fault = TlsFault::kPlainHttp;
      fail("http: server gave HTTP response to HTTPS client");
    }
    if (error_number_ != 0) fail(cat("TLS: ", errno_text(error_number_)));
    fail(cat("TLS: ", words(rc)));
  }

  static int send(void* self_pointer, const unsigned char* data, std::size_t size) {
    auto& self = *static_cast<TlsStream*>(self_pointer);
    const ssize_t sent = ::send(self.socket_.get(), data, size, MSG_NOSIGNAL);
    return sent >= 0 ? static_cast<int>(sent) : self.io_error(MBEDTLS_ERR_SSL_WANT_WRITE);
  }

  static int receive(void* self_pointer, unsigned char* data, std::size_t size) {
    auto& self = *static_cast<TlsStream*>(self_pointer);
    const ssize_t got = ::recv(self.socket_.get(), data, size, 0);
    if (got < 0) return self.io_error(MBEDTLS_ERR_SSL_WANT_READ);
    for (ssize_t i = 0; i < got && self.have_first_ < self.first_.size(); ++i) self.first_[self.have_first_++] = static_cast<char>(data[i]);
    return static_cast<int>(got);
  }

  int io_error(int when_not_ready) {
    if (errno == EAGAIN || errno == EINTR) return when_not_ready;
    error_number_ = errno;
    return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  }

  UniqueFd socket_;
  const Deadline& deadline_;
  mbedtls_ssl_context session_;
  mbedtls_ssl_config config_;
  std::array<char, kHttp.size()> first_{};  // what the server said first
  std::size_t have_first_ = 0;
  int error_number_ = 0;
  TlsFault ignored_ = TlsFault::kNone;
};

}  // namespace

std::unique_ptr<Stream> make_tls_stream(UniqueFd socket, const Deadline& deadline, TlsFault& fault) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), deadline);
  stream->shake_hands(fault);
  return stream;
}

}  // namespace podctl::net
