// The netlink messages that bring a pod's loopback interface up, read back as the kernel reads
// them.
#include "run/loopback.hpp"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>
#include <map>
#include <vector>

#include "support/catch.hpp"

using namespace podctl::run;

namespace {

struct Message {
  nlmsghdr header{};
  std::string body;  // after the header, without padding

  template <class T>
  [[nodiscard]] T front() const {
    T value{};
    REQUIRE(body.size() >= sizeof value);
    std::memcpy(&value, body.data(), sizeof value);
    return value;
  }
  // Attribute type -> its bytes.
  [[nodiscard]] std::map<int, std::string> attributes(std::size_t after) const {
    std::map<int, std::string> found;
    for (std::size_t at = NLMSG_ALIGN(after); at < body.size();) {
      rtattr attribute{};
      REQUIRE(body.size() - at >= sizeof attribute);
      std::memcpy(&attribute, body.data() + at, sizeof attribute);
      REQUIRE(attribute.rta_len >= sizeof attribute);
      REQUIRE(at + attribute.rta_len <= body.size());
      found[attribute.rta_type] = body.substr(at + RTA_LENGTH(0), attribute.rta_len - RTA_LENGTH(0));
      at += RTA_ALIGN(attribute.rta_len);
    }
    return found;
  }
};

std::vector<Message> parse(const std::string& buffer) {
  std::vector<Message> messages;
  for (std::size_t at = 0; at < buffer.size();) {
    Message message;
    REQUIRE(buffer.size() - at >= sizeof(nlmsghdr));
    std::memcpy(&message.header, buffer.data() + at, sizeof(nlmsghdr));
    REQUIRE(message.header.nlmsg_len >= sizeof(nlmsghdr));
    REQUIRE(at + message.header.nlmsg_len <= buffer.size());
    message.body = buffer.substr(at + NLMSG_HDRLEN, message.header.nlmsg_len - NLMSG_HDRLEN);
    messages.push_back(message);
    at += NLMSG_ALIGN(message.header.nlmsg_len);
  }
  return messages;
}

void check_address(const Message& message, int family, const char* text, int bits) {
  CHECK(message.header.nlmsg_type == RTM_NEWADDR);
  CHECK(message.header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL));
  const auto body = message.front<ifaddrmsg>();
  CHECK(body.ifa_family == family);
  CHECK(body.ifa_prefixlen == bits);
  CHECK(body.ifa_index == 1);
  // An IPv6 address would not be usable while the kernel looks for its double.
  CHECK(((body.ifa_flags & IFA_F_NODAD) != 0) == (family == AF_INET6));
  const auto attributes = message.attributes(sizeof body);
  for (const int type : {int{IFA_LOCAL}, int{IFA_ADDRESS}}) {
    REQUIRE(attributes.contains(type));
    CHECK(attributes.at(type).size() == (family == AF_INET ? 4u : 16u));
    char shown[INET6_ADDRSTRLEN] = {};
    REQUIRE(inet_ntop(family, attributes.at(type).data(), shown, sizeof shown) != nullptr);
    CHECK(std::string(shown) == text);
  }
}

}  // namespace

TEST_CASE("the interface is brought up, then gets its addresses, each message answered", "[loopback]") {
  std::size_t count = 0;
  const auto messages = parse(loopback_messages("10.244.1.2", "fd00:10:244::102", count));
  REQUIRE(messages.size() == 3);
  CHECK(count == 3);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(messages[i].header.nlmsg_seq == i + 1);
    CHECK((messages[i].header.nlmsg_flags & (NLM_F_REQUEST | NLM_F_ACK)) == (NLM_F_REQUEST | NLM_F_ACK));
  }
  CHECK(messages[0].header.nlmsg_type == RTM_NEWLINK);
  const auto link = messages[0].front<ifinfomsg>();
  CHECK(link.ifi_index == 1);
  CHECK(link.ifi_flags == IFF_UP);
  CHECK(link.ifi_change == IFF_UP);  // and no other flag is touched
  check_address(messages[1], AF_INET, "10.244.1.2", 32);
  check_address(messages[2], AF_INET6, "fd00:10:244::102", 128);
}

TEST_CASE("addresses that are not given are left out", "[loopback]") {
  std::size_t count = 0;
  CHECK(parse(loopback_messages("", "", count)).size() == 1);
  CHECK(count == 1);
  const auto four = parse(loopback_messages("10.244.1.2", "", count));
  CHECK(count == 2);
  REQUIRE(four.size() == 2);
  check_address(four[1], AF_INET, "10.244.1.2", 32);
  const auto six = parse(loopback_messages("", "fd00:10:244::1", count));
  CHECK(count == 2);
  REQUIRE(six.size() == 2);
  check_address(six[1], AF_INET6, "fd00:10:244::1", 128);
}
