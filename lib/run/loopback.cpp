#include "run/loopback.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>

namespace podctl::run {
namespace {

constexpr int kLoopbackIndex = 1;  // the first interface of every network namespace

template <class Body>
std::string message(std::uint16_t type, std::uint16_t flags, const Body& body, const std::string& attributes, std::uint32_t sequence) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof body) + attributes.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  header.nlmsg_seq = sequence;
  std::string out(NLMSG_ALIGN(header.nlmsg_len), '\0');
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + NLMSG_HDRLEN, &body, sizeof body);
  std::memcpy(out.data() + NLMSG_LENGTH(sizeof body), attributes.data(), attributes.size());
  return out;
}

std::string address_attribute(std::uint16_t type, const unsigned char* address, std::size_t size) {
  rtattr attribute{};
  attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  attribute.rta_type = type;
  std::string out(RTA_ALIGN(attribute.rta_len), '\0');
  std::memcpy(out.data(), &attribute, sizeof attribute);
  std::memcpy(out.data() + RTA_LENGTH(0), address, size);
  return out;
}

std::string add_address(int family, const std::string& text, std::uint8_t bits, std::uint32_t sequence) {
  unsigned char address[sizeof(in6_addr)] = {};
  const std::size_t size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  inet_pton(family, text.c_str(), address);
  ifaddrmsg body{};
  body.ifa_family = static_cast<std::uint8_t>(family);
  body.ifa_prefixlen = bits;
  body.ifa_scope = RT_SCOPE_UNIVERSE;
  body.ifa_index = kLoopbackIndex;
  body.ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
  return message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body,
                 address_attribute(IFA_LOCAL, address, size) + address_attribute(IFA_ADDRESS, address, size), sequence);
}

}  // namespace

std::string loopback_messages(const std::string& ipv4, const std::string& ipv6, std::size_t& count) {
  ifinfomsg up{};
  up.ifi_family = AF_UNSPEC;
  up.ifi_index = kLoopbackIndex;
  up.ifi_flags = IFF_UP;
  up.ifi_change = IFF_UP;
  std::string messages = message(RTM_NEWLINK, 0, up, {}, 1);
  count = 1;
  if (!ipv4.empty()) messages += add_address(AF_INET, ipv4, 32, static_cast<std::uint32_t>(++count));
  if (!ipv6.empty()) messages += add_address(AF_INET6, ipv6, 128, static_cast<std::uint32_t>(++count));
  return messages;
}

}  // namespace podctl::run
