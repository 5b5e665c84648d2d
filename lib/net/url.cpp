#include "net/url.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "net/stream.hpp"

namespace podctl::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos; }

// "scheme:" at the beginning, taken off.
std::optional<std::string> take_scheme(std::string_view& text) {
  const auto end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || end == 0 || text[end] != ':') return std::nullopt;
  std::string scheme = lowered(text.substr(0, end));
  if (scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-.") != std::string::npos) return std::nullopt;
  text.remove_prefix(end + 1);
  return scheme;
}

// "user@host:port" behind "//"; false when it is none.
bool read_authority(std::string_view text, Url& url) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
  std::string_view port;
  if (!text.empty() && text[0] == '[') {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return false;
    url.host = lowered(text.substr(1, end - 1));
    if (url.host.find(':') == std::string::npos) return false;  // brackets hold an IPv6 address (RFC 3986, 3.2.2)
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    url.host = lowered(text.substr(0, colon));
    port = colon == std::string_view::npos ? "" : text.substr(colon);
  }
  const bool is_plain = std::all_of(url.host.begin(), url.host.end(), [](char c) { return c > ' ' && c < 0x7f && c != '[' && c != ']'; });
  if (url.host.empty() || !is_plain || (!port.empty() && port[0] != ':')) return false;
  url.port = url.scheme == Scheme::kHttps ? 443 : 80;
  if (port.size() < 2) return true;
  const auto number = parse_number<std::uint16_t>(port.substr(1));
  url.port = number.value_or(0);
  return url.port != 0;
}

// Without "." and ".." (RFC 3986, 5.2.4).
std::string without_dots(std::string_view path) {
  std::string out;
  const auto parts = split(path, '/');
  for (std::size_t i = 1; i < parts.size(); ++i) {  // the first is empty: the path begins with a slash
    const bool is_last = i + 1 == parts.size();
    if (parts[i] == "..") out.resize(out.empty() ? 0 : out.rfind('/'));
    if (parts[i] == "." || parts[i] == "..") {
      if (is_last) out += '/';
      continue;
    }
    append(out, '/', parts[i]);
  }
  return out.empty() ? "/" : out;
}

}  // namespace

std::string Url::text() const { return cat(scheme == Scheme::kHttps ? "https://" : "http://", endpoint(host, port), target); }

std::string request_target(std::string_view path) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  path = path.substr(0, path.find('#'));
  std::string out = path.empty() || path[0] != '/' ? "/" : "";
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool is_escape = c == '%' && i + 2 < path.size() && is_hex(path.substr(i + 1, 2));
    if (c > ' ' && c < 0x7f && (c != '%' || is_escape) && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      append(out, '%', kDigits[byte >> 4], kDigits[byte & 15]);
    }
  }
  return out;
}

std::optional<Url> resolve(const Url& base, std::string_view location) {
  Url url = base;
  location = trim(location);
  if (const auto scheme = take_scheme(location)) {
    if (*scheme != "http" && *scheme != "https") return std::nullopt;
    url.scheme = *scheme == "https" ? Scheme::kHttps : Scheme::kHttp;
    if (location.substr(0, 2) != "//") return std::nullopt;
  }
  if (location.substr(0, 2) == "//") {
    location.remove_prefix(2);
    const auto end = std::min(location.find_first_of("/?#"), location.size());
    if (!read_authority(location.substr(0, end), url)) return std::nullopt;
    location.remove_prefix(end);
    url.target = "/";
  }
  location = location.substr(0, location.find('#'));
  const auto query = std::min(location.find('?'), location.size());
  const std::string_view base_path = std::string_view(url.target).substr(0, url.target.find('?'));
  std::string path;
  if (query == 0) path = location.empty() ? url.target : cat(base_path, location);
  else if (location[0] == '/') path = without_dots(location.substr(0, query)) + std::string(location.substr(query));
  else
    path =
        without_dots(cat(base_path.substr(0, base_path.rfind('/') + 1), location.substr(0, query))) + std::string(location.substr(query));
  url.target = request_target(path);
  return url;
}

bool is_same_host(const Url& a, const Url& b) { return lowered(a.host) == lowered(b.host); }

}  // namespace podctl::net
