#pragma once

#include <cstddef>
#include <string>

namespace podctl::run {

/// rtnetlink messages that bring `lo` up and put the addresses on it (/32 and /128), one after another in
/// one buffer, each asking for an acknowledgement (rtnetlink(7)). Empty addresses are left out.
/// @param count  how many answers will come
std::string loopback_messages(const std::string& ipv4, const std::string& ipv6, std::size_t& count);

}  // namespace podctl::run
