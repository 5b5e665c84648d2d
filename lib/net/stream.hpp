#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "net/probe.hpp"
#include "podctl/unique_fd.hpp"

namespace podctl::net {

/// How a probe ends early. Stays within this folder.
struct Trouble {
  Outcome outcome;
};
[[noreturn]] void fail(std::string message);

/// The moment by which all of a probe has to be done.
class Deadline {
 public:
  explicit Deadline(std::chrono::nanoseconds timeout);
  /// Waits until `fd` is ready for `events` (poll(2)). @throws Trouble when the time is over, saying what was `awaited`
  void await(int fd, short events, std::string_view awaited) const;

 private:
  std::chrono::nanoseconds timeout_;
  std::chrono::steady_clock::time_point end_;
};

/// "10.1.2.3:80", "[fd00::1]:80".
std::string endpoint(const std::string& address, std::uint16_t port);

/// A connection; each call blocks until the deadline at most. @throws Trouble
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;
  virtual void write(std::string_view bytes) = 0;
  /// How much was read; 0 at the end.
  virtual std::size_t read(char* buffer, std::size_t size) = 0;
};

/// A TCP connection, non-blocking. @throws Trouble
UniqueFd connect_to(const std::string& address, std::uint16_t port, const Deadline& deadline);

std::unique_ptr<Stream> make_plain_stream(UniqueFd socket, const Deadline& deadline);

/// Whether what a TLS server said first was plain HTTP.
enum class TlsFault : std::uint8_t { kNone, kPlainHttp };
/// TLS without a look at the certificate, by Mbed TLS. `fault` is set before Trouble is thrown.
std::unique_ptr<Stream> make_tls_stream(UniqueFd socket, const Deadline& deadline, TlsFault& fault);

}  // namespace podctl::net
