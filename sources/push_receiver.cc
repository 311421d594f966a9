#include "sources/push_receiver.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <utility>

#include "holdfast/base/log.h"
#include "sources/push_proof.h"
#include "sources/repository_identity.h"

namespace holdfast {
namespace {

namespace ip = boost::asio::ip;

constexpr std::string_view kHooks = "/hook/";
constexpr std::uint64_t kSlots = 64;  // of paths, for each peer's rate: what exists is not told by it

WebAnswer text_answer(int status, std::string body) { return {status, "text/plain; charset=utf-8", std::move(body)}; }

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool in_network(const ip::address& address, const std::string& network) {
  boost::system::error_code error;
  if (const auto one = ip::make_address(network, error); !error) return one == address;
  if (address.is_v4()) {
    const auto four = ip::make_network_v4(network, error);
    return !error && ip::make_network_v4(address.to_v4(), four.prefix_length()).canonical() == four.canonical();
  }
  const auto six = ip::make_network_v6(network, error);
  return !error && ip::make_network_v6(address.to_v6(), six.prefix_length()).canonical() == six.canonical();
}

// "::ffff:10.0.0.1" is what a socket for both kinds of addresses says of 10.0.0.1.
std::optional<ip::address> address_of(std::string_view text) {
  boost::system::error_code error;
  auto address = ip::make_address(text, error);
  if (error) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

std::string shown(const PushHint& hint) {
  const std::string repository = hint.urls.empty() ? "every repository" : repository_identity(hint.urls.front());
  return hint.ref.empty() ? repository : fmt::format("{} {}", repository, hint.ref);
}

// The same repository, as applications name its host.
void add_hosts(PushHint& hint, const std::vector<std::string>& hosts) {
  if (hint.urls.empty()) return;
  const std::string identity = repository_identity(hint.urls.front());
  const std::size_t slash = identity.find('/');
  if (slash == std::string::npos) return;
  for (const std::string& host : hosts)
    if (hint.urls.size() < kMostHintUrls) hint.urls.push_back("https://" + host + identity.substr(slash));
}

}  // namespace

PushReceiver::PushReceiver(const ReceiverConfig& config, PushSink& sink, Now now)
    : sink_(sink),
      now_(std::move(now)),
      trusted_proxies_(config.trusted_proxies),
      limiter_({config.rate_per_second, config.rate_burst}) {}

Result<std::unique_ptr<PushReceiver>> PushReceiver::create(const ReceiverConfig& config, PushSink& sink, Now now) {
  auto made = std::unique_ptr<PushReceiver>(new PushReceiver(config, sink, now));
  for (const ReceiverSpec& spec : config.receivers) {
    auto receiver = std::make_unique<Receiver>(spec, SecretFile(spec.secret_file, SecretFile::read_secret_file, now));
    if (auto loaded = receiver->secret.load(); !loaded) return std::unexpected(std::move(loaded.error()));
    made->by_path_.emplace(spec.path, std::move(receiver));
  }
  return made;
}

PushReceiver::Route PushReceiver::route(std::string_view path) {
  if (const auto found = by_path_.find(path); found != by_path_.end()) return {found->second.get(), {}};
  const std::size_t slash = path.rfind('/');
  const auto found = by_path_.find(path.substr(0, slash));
  if (found == by_path_.end()) return {};
  return {found->second.get(), path.substr(slash + 1)};
}

// Of those that each proxy names in turn, the nearest one that is no proxy of ours.
std::string PushReceiver::peer_of(const ReceivedRequest& request) const {
  std::string_view chain = request.header("x-forwarded-for");
  std::optional<ip::address> peer = address_of(request.peer);
  while (peer) {
    const auto trusted = [&](const std::string& network) { return in_network(*peer, network); };
    if (chain.empty() || std::ranges::none_of(trusted_proxies_, trusted)) break;
    const std::size_t comma = chain.rfind(',');
    std::string_view last = comma == std::string_view::npos ? chain : chain.substr(comma + 1);
    last.remove_prefix(std::min(last.find_first_not_of(' '), last.size()));
    const auto next = address_of(last.substr(0, last.find(' ')));
    if (!next) break;
    peer = next;
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
  }
  return peer ? peer->to_string() : request.peer;
}

std::optional<WebAnswer> PushReceiver::refuse(const ReceivedRequest& head) {
  const std::string_view path = path_of(head.target);
  if (head.method != "POST" || !path.starts_with(kHooks)) return text_answer(404, "not found\n");
  const std::string peer = peer_of(head);
  const std::string source = fmt::format("{} {}", keyed_digest(key_, path).low % kSlots, source_of_address(peer));
  const auto wait = limiter_.take(source, now_());
  if (wait.count() == 0) return std::nullopt;
  const Route to = route(path);
  tell_refusal(to.receiver == nullptr ? "" : to.receiver->spec.name, peer,
               {ErrorKind::Busy, "it sends more than `rate` allows", {}, {}});
  WebAnswer answer = text_answer(429, "too many requests\n");
  answer.retry_after = std::chrono::ceil<std::chrono::seconds>(wait);
  return answer;
}

WebAnswer PushReceiver::answer(ReceivedRequest request) {
  const Route to = route(path_of(request.target));
  Result<void> proven = fail(ErrorKind::Unauthorized, "there is no such receiver", {}, "check the URL at the sender");
  if (to.receiver != nullptr) {
    const ReceiverSpec& spec = to.receiver->spec;
    proven = prove_push({spec.forge, spec.name, to.receiver->secret.secrets(), to.token}, request);
    const ProofKind proof = words_of(spec.forge).proof;
    if (proven && proof != ProofKind::PathToken && !to.token.empty())
      proven = fail(ErrorKind::Unauthorized, "there is something behind the receiver's path");
    if (proven) return take(*to.receiver, request);
    if (proof == ProofKind::Sha256Signature || proof == ProofKind::Sha1Signature) {
      tell_refusal(spec.name, peer_of(request), proven.error());
      return text_answer(401, "not accepted\n");
    }
  }
  static const Secret nobody("the time that a signature takes is taken");
  static_cast<void>(hmac_sha256_hex(nobody, request.body));
  tell_refusal(to.receiver == nullptr ? "" : to.receiver->spec.name, peer_of(request), proven.error());
  return text_answer(401, "not accepted\n");
}

// It is the sender, who may be told what is wrong.
WebAnswer PushReceiver::take(Receiver& receiver, const ReceivedRequest& request) {
  const auto push = decode_push(receiver.spec.forge, request);
  if (!push) {
    tell_refusal(receiver.spec.name, peer_of(request), push.error());
    return text_answer(400, describe(push.error()) + "\n");
  }
  if (push->hints.empty()) {
    log(LogLevel::Debug, "push-without-news",
        fmt::format("{}: {}, which moves no ref", receiver.spec.name, push->event),
        {{"receiver", receiver.spec.name}, {"delivery", push->id}});
    return text_answer(200, "nothing to do for this event\n");
  }
  if (doubled(receiver, push->id, request.body)) return text_answer(202, "accepted before\n");
  hand_on(receiver, request, *push);
  return text_answer(202, "accepted\n");
}

// What comes without an id is never taken for what came before: the same words may speak of a later push.
bool PushReceiver::doubled(const Receiver& receiver, const std::string& id, std::string_view body) {
  const auto now = now_();
  while (!seen_in_order_.empty() &&
         (seen_in_order_.front().first + kDoubledWithin < now || seen_in_order_.size() > kMostRemembered)) {
    seen_.erase(seen_in_order_.front().second);
    seen_in_order_.pop_front();
  }
  if (id.empty()) return false;
  KeyedHasher hasher(key_);
  hasher.update(receiver.spec.name.size());
  hasher.update(receiver.spec.name);
  hasher.update(id.size());
  hasher.update(id);
  hasher.update(body);
  const Digest128 digest = hasher.finish();
  if (!seen_.insert(digest).second) return true;
  seen_in_order_.emplace_back(now, digest);
  return false;
}

void PushReceiver::hand_on(const Receiver& receiver, const ReceivedRequest& request, const DecodedPush& push) {
  const PushHint& first = push.hints.front();
  std::vector<LogField> fields{{"receiver", receiver.spec.name}, {"peer", peer_of(request)}};
  if (!first.new_commit.empty()) fields.emplace_back("revision", first.new_commit);
  if (!push.id.empty()) fields.emplace_back("delivery", push.id);
  const std::size_t others = push.hints.size() - 1;
  log(LogLevel::Info, "push-received",
      fmt::format("{}: {} of {}{}", receiver.spec.name, push.event, shown(first),
                  others == 0 ? "" : fmt::format(" and {} more", others)),
      fields);
  for (PushHint hint : push.hints) {
    add_hosts(hint, receiver.spec.hosts);
    if (!hint.urls.empty() || receiver.spec.repositories.empty()) {
      sink_.pushed(std::move(hint));
      continue;
    }
    for (const std::string& url : receiver.spec.repositories)
      sink_.pushed({{url}, hint.ref, hint.old_commit, hint.new_commit});
  }
}

void PushReceiver::tell_refusal(const std::string& receiver, const std::string& peer, const Error& error) {
  Refusals& refusals = refusals_[receiver];
  const auto now = now_();
  if (std::exchange(refusals.any, true) && now < refusals.said + kRefusalsEvery) {
    ++refusals.unsaid;
    return;
  }
  refusals.said = now;
  const std::uint64_t unsaid = std::exchange(refusals.unsaid, 0);
  log(LogLevel::Warning, "delivery-refused",
      fmt::format("a delivery to {} was refused: {}{}", receiver.empty() ? "nobody" : receiver, describe(error),
                  unsaid == 0 ? "" : fmt::format("; so were {} others since the last such line", unsaid)),
      {{"receiver", receiver}, {"peer", peer}});
}

}  // namespace holdfast
