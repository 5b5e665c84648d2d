#include "net/http.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <algorithm>
#include <array>
#include <limits>

#include "base/text.hpp"

namespace podctl::net {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kMostHeader = std::uint32_t{256} << 10;
constexpr int kMostInterim = 5;

const Header* find_header(std::span<const Header> headers, std::string_view name) {
  for (const auto& header : headers)
    if (is_named(header.name, name)) return &header;
  return nullptr;
}

void require_plain(const Header& header) {
  if (header.name.empty() || header.name.find_first_of("\r\n: ") != std::string::npos ||
      header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    fail(cat("net/http: invalid header field value for ", quote(header.name)));
}

}  // namespace

bool is_named(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
           return lower(x) == lower(y);
         });
}

std::string http_request(const Url& url, std::span<const Header> headers, std::string_view agent) {
  for (const auto& header : headers) require_plain(header);
  const Header* host = find_header(headers, "Host");
  std::string text = cat("GET ", url.target, " HTTP/1.1\r\nHost: ", host != nullptr ? host->value : endpoint(url.host, url.port), "\r\n");
  if (find_header(headers, "User-Agent") == nullptr) append(text, "User-Agent: ", agent, "\r\n");
  const Header* accept = find_header(headers, "Accept");
  if (accept == nullptr) text += "Accept: */*\r\n";
  for (const auto& header : headers) {
    // What frames the message is not the manifest's to say.
    const bool is_ours = is_named(header.name, "Host") || is_named(header.name, "Connection") || is_named(header.name, "Content-Length") ||
                         is_named(header.name, "Transfer-Encoding") || is_named(header.name, "Trailer");
    const bool is_taken_out = is_named(header.name, "Accept") && accept->value.empty();
    if (!is_ours && !is_taken_out) append(text, header.name, ": ", header.value, "\r\n");
  }
  return text + "Connection: close\r\n\r\n";
}

class AnswerReader::Parser : public http::basic_parser<false> {
 public:
  Parser() {
    header_limit(kMostHeader);
    body_limit(std::numeric_limits<std::uint64_t>::max());  // how much is looked at is decided below
    eager(true);
  }
  HttpAnswer answer;
  bool has_enough = false;

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  std::size_t add(string_view bytes) {
    const std::size_t room = kMostBody - answer.body.size();
    answer.body.append(bytes.data(), std::min(room, bytes.size()));
    has_enough = has_enough || bytes.size() > room;
    return bytes.size();
  }

  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override { answer.status = code; }
  void on_field_impl(http::field name, string_view, string_view value, error_code&) override {
    if (name == http::field::location && answer.location.empty()) answer.location.assign(value.data(), value.size());
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return add(body); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override { return add(body); }
  void on_finish_impl(error_code&) override {}
};

AnswerReader::AnswerReader() : parser_(std::make_unique<Parser>()) {}
AnswerReader::AnswerReader(AnswerReader&&) noexcept = default;
AnswerReader::~AnswerReader() = default;

const HttpAnswer& AnswerReader::answer() const noexcept { return parser_->answer; }

AnswerReader::State AnswerReader::take(std::string_view bytes) {
  waiting_ += bytes;
  for (;;) {
    const State state = parse();
    const int status = parser_->answer.status;
    const bool is_interim = state == State::kDone && status >= 100 && status < 200 && status != 101;
    if (!is_interim) return state;
    if (++interim_ > kMostInterim) fail("net/http: too many 1xx informational responses");
    parser_ = std::make_unique<Parser>();
  }
}

AnswerReader::State AnswerReader::parse() {
  // No chunked body ends in fewer bytes, and Beast's parser asserts that an empty one comes in no smaller pieces.
  constexpr std::size_t kShortestEnd = std::string_view("0\r\n\r\n").size();
  while (!waiting_.empty()) {
    if (parser_->is_header_done() && parser_->chunked() && waiting_.size() < kShortestEnd) return State::kMore;
    boost::beast::error_code error;
    const std::size_t used = parser_->put(boost::asio::buffer(waiting_), error);
    waiting_.erase(0, used);
    if (error && error != http::error::need_more)
      fail(cat("malformed HTTP response: ", error == http::error::header_limit ? "its header is too long" : error.message(),
               parser_->answer.status == 0 && !waiting_.empty() ? cat(", beginning with ", quote(waiting_.substr(0, 40))) : ""));
    if (parser_->is_done() || parser_->has_enough) return State::kDone;
    if (error || used == 0) return State::kMore;
  }
  return State::kMore;
}

void AnswerReader::finish() {
  if (!parser_->got_some() || !parser_->is_header_done()) fail(waiting_.empty() && !parser_->got_some() ? "EOF" : "unexpected EOF");
  boost::beast::error_code error;
  parser_->put_eof(error);
  if (error) fail("unexpected EOF");
}

HttpAnswer ask(Stream& stream, std::string_view request) {
  stream.write(request);
  AnswerReader reader;
  std::array<char, 16384> buffer;
  for (;;) {
    const std::size_t got = stream.read(buffer.data(), buffer.size());
    if (got == 0) {
      reader.finish();
      return reader.answer();
    }
    if (reader.take({buffer.data(), got}) == AnswerReader::State::kDone) return reader.answer();
  }
}

}  // namespace podctl::net
