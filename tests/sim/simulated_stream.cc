#include "sim/simulated_stream.h"

#include <zlib.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

namespace holdfast::sim {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using enum FaultKind;

namespace {

constexpr std::string_view kEndMark = "k8s.io/initial-events-end";

std::string gzip_member(std::string text) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib cannot start");
  std::string member(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(member.data());
  stream.avail_out = static_cast<uInt>(member.size());
  const int done = deflate(&stream, Z_FINISH);
  member.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) throw std::runtime_error("zlib cannot end");
  return member;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return lines;
}

std::string error_event(int code, std::string_view reason) {
  return R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")" +
         std::string(code == 410 ? "too old resource version" : "etcdserver: no leader") + R"(","reason":")" +
         std::string(reason) + R"(","code":)" + std::to_string(code) + "}}\n";
}

bool is_timed(FaultKind fault) {
  constexpr std::array kTimed{StreamBreaks, StreamEnds,  StreamTruncated, StreamMalformed,
                              StreamSlow,   StreamError, GoneInStream};
  return std::ranges::find(kTimed, fault) != kTimed.end();
}

}  // namespace

SimulatedStream::SimulatedStream(asio::any_io_executor executor, SimulatedCluster& cluster, FaultPlan& faults,
                                 const Connections& connections, Opening opening)
    : cluster_(cluster),
      faults_(faults),
      connections_(connections),
      replacements_(connections.replacements),
      restarts_(cluster.restarts()),
      answer_(std::move(opening.answer)),
      retry_after_(opening.retry_after),
      fault_(opening.fault),
      lags_(opening.lags),
      deadline_(opening.deadline),
      signal_(executor),
      listening_(cluster.listen([this] { signal_.cancel(); })) {
  if (is_timed(fault_)) over_at_ = Clock::now() + std::chrono::milliseconds(faults_.random().below(120'000));
  if (fault_ == StreamBlackhole || fault_ == InitialIgnored) strike();
}

SimulatedStream::~SimulatedStream() { cluster_.forget(listening_); }

void SimulatedStream::strike() {
  if (!std::exchange(struck_, true)) faults_.hit(fault_);
}

void SimulatedStream::close() {
  closed_ = true;
  signal_.cancel();
}

asio::awaitable<Result<std::size_t>> SimulatedStream::read_some(std::span<char> into) {
  for (;;) {
    if (closed_) co_return fail(ErrorKind::Cancelled, "closed");
    const Clock::time_point now = Clock::now();
    if (now >= deadline_) co_return fail(ErrorKind::Timeout, "the stream's deadline passed");
    const bool dead = silent();
    if (!dead) sever();
    if (!dead && !pending_.empty()) {
      if (now >= readable_at_) {
        const Result<std::size_t> got = deliver(into);
        if (!got || *got != 0) co_return got;
        continue;
      }
    } else if (!dead && !ends_ && fill()) {
      continue;
    } else if (!dead && ended()) {
      if (!breaks_) co_return std::size_t{0};
      co_return fail(ErrorKind::Unreachable, "the connection broke in the middle");
    }
    signal_.expires_at(dead ? std::min(deadline_, std::max(now + 1ms, faults_.end_of(Partition))) : next_look());
    if (dead && (connections_.isolated || fault_ == StreamBlackhole || cut_off_)) signal_.expires_at(deadline_);
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// Nothing comes through now.
bool SimulatedStream::silent() {
  if (faults_.lasts(Partition)) {
    if (!std::exchange(was_parted_, true)) {
      faults_.hit(Partition);
      cut_off_ = faults_.random().coin();
    }
    return true;
  }
  was_parted_ = false;
  return connections_.isolated || cut_off_ || fault_ == StreamBlackhole;
}

// It goes with the servers that are restarted, or with the certificate that was replaced.
void SimulatedStream::sever() {
  const bool replaced = connections_.replacements != replacements_;
  if (severed_ || (!replaced && cluster_.restarts() == restarts_)) return;
  severed_ = true;
  faults_.hit(replaced ? CertificateRotated : ServersRestarted);
  pending_.clear();
  ends_ = true;
  breaks_ = replaced || faults_.random().coin();
}

bool SimulatedStream::ended() const {
  return ends_ || (answer_.watch == nullptr ? body_taken_ : answer_.watch->ended());
}

// True: there is something new to deliver, after a moment, or the end has come.
bool SimulatedStream::fill() {
  std::string text;
  if (answer_.watch == nullptr) {
    if (!std::exchange(body_taken_, true)) text = answer_.response.body;
  } else if (!lags_ || !faults_.lasts(LaggingServer)) {
    text = answer_.watch->take(cluster_.now());
  }
  if (lags_ && !answer_.response.body.empty()) text = std::exchange(answer_.response.body, {}) + text;
  if (Clock::now() >= over_at_) interrupt(text);
  if (!text.empty() && std::exchange(first_, false)) spoil_initial(text);
  if (text.empty()) return ends_;
  if (fault_ == StreamBytewise || fault_ == StreamSlow) strike();
  if (fault_ == StreamGzipped) {
    strike();
    text = gzip_member(std::move(text));
  }
  pending_ = std::move(text);
  readable_at_ = Clock::now() + std::chrono::microseconds(faults_.random().below(5'000));
  return true;
}

// The time of a fault that strikes at some time has come; `text` is what would come next.
void SimulatedStream::interrupt(std::string& text) {
  if (fault_ == StreamEnds || fault_ == StreamBreaks || fault_ == StreamSlow) {
    if (fault_ == StreamBreaks) text.resize(text.empty() ? 0 : faults_.random().below(text.size()));
    if (fault_ != StreamBreaks) text.clear();
    breaks_ = fault_ == StreamBreaks;
  } else if (fault_ == StreamError || fault_ == GoneInStream) {
    const bool timeout = faults_.random().coin();
    text += fault_ == GoneInStream ? error_event(410, faults_.random().coin() ? "Expired" : "Gone")
            : timeout              ? error_event(504, "Timeout")
                                   : error_event(500, "InternalError");
  } else if (text.empty()) {
    return;  // the others need something to spoil
  } else {
    spoil(text);
  }
  ends_ = true;
  strike();
}

void SimulatedStream::spoil(std::string& text) {
  const std::vector<std::string> lines = lines_of(text);
  if (fault_ == StreamTruncated)
    text = lines.front().substr(0, 1 + faults_.random().below(lines.front().size() - 2));
  else
    text = "]" + text;
}

// What is sent first, where it was asked for as a list.
void SimulatedStream::spoil_initial(std::string& text) {
  const bool cuts = fault_ == InitialCut || fault_ == InitialUnordered;
  if ((!cuts && fault_ != InitialIgnored) || text.find(kEndMark) == std::string::npos) return;
  std::vector<std::string> lines = lines_of(text);
  const auto mark =
      std::ranges::find_if(lines, [](const std::string& line) { return line.find(kEndMark) != std::string::npos; });
  std::vector<std::string> initial(lines.begin(), mark);
  if (fault_ == InitialUnordered)
    for (std::size_t i = initial.size(); i > 1; --i) std::swap(initial[i - 1], initial[faults_.random().below(i)]);
  strike();
  const bool cut = fault_ == InitialCut || (fault_ == InitialUnordered && faults_.random().coin());
  if (cut) initial.resize(initial.size() - faults_.random().below(initial.size() + 1));
  text.clear();
  for (const std::string& line : initial) text += line;
  if (fault_ == InitialUnordered && !cut)
    for (auto rest = mark; rest != lines.end(); ++rest) text += *rest;
  if (!cut) return;
  ends_ = true;
  breaks_ = faults_.random().coin();
}

Result<std::size_t> SimulatedStream::deliver(std::span<char> into) {
  if (fault_ == StreamGzipped) return deliver_gzipped(into);
  const std::size_t most = std::min(into.size(), pending_.size());
  std::size_t size = faults_.random().below(4) == 0 ? 1 + faults_.random().below(most) : most;
  if (fault_ == StreamBytewise) size = 1;
  if (fault_ == StreamSlow) {
    size = std::min<std::size_t>(most, 1 + faults_.random().below(200));
    readable_at_ = Clock::now() + std::chrono::milliseconds(faults_.random().below(300));
  }
  std::copy_n(pending_.begin(), size, into.begin());
  pending_.erase(0, size);
  return size;
}

// As HttpClient hands it on: what a piece of the compressed bytes gives.
Result<std::size_t> SimulatedStream::deliver_gzipped(std::span<char> into) {
  const std::size_t size = 1 + faults_.random().below(pending_.size());
  const std::span<const char> piece(pending_.data(), size);
  const auto progress = inflater_.inflate(piece, into);
  if (!progress) return std::unexpected(progress.error());
  pending_.erase(0, progress->consumed_bytes);
  return progress->produced_bytes;
}

Clock::time_point SimulatedStream::next_look() const {
  if (!pending_.empty()) return std::min(deadline_, readable_at_);
  Clock::time_point next = deadline_;
  if (over_at_ > Clock::now()) next = std::min(next, over_at_);
  if (lags_ && faults_.lasts(LaggingServer)) next = std::min(next, faults_.end_of(LaggingServer));
  if (answer_.watch != nullptr) {
    const auto wait = std::max(answer_.watch->next_due() - cluster_.now(), std::chrono::milliseconds(1));
    if (wait < 24h) next = std::min(next, Clock::now() + wait);
  }
  return next;
}

}  // namespace holdfast::sim
