#include "net/exchange.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <utility>
#include <vector>

#include "net/gzip_reader.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Under TLS 1.3 a server refuses a client certificate only after the handshake, by an alert.
bool refuses_client_certificate(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return false;
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  constexpr int kReasons[] = {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
                              SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
                              SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
                              SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
                              SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
                              SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
                              SSL_R_TLSV1_ALERT_UNKNOWN_CA,
                              SSL_R_TLSV1_ALERT_ACCESS_DENIED};
  return std::ranges::find(kReasons, reason) != std::end(kReasons);
}

}  // namespace

// What was received and not inflated yet.
struct Exchange::Compressed {
  static constexpr std::size_t kBufferBytes = 64UL * 1024;
  GzipReader reader;
  std::vector<char> buffer = std::vector<char>(kBufferBytes);
  std::span<char> rest;
};

Exchange::~Exchange() = default;

Exchange::Exchange(ConnectionPool::Lease lease, bool safe, std::string where)
    : lease_(std::move(lease)), safe_(safe), where_(std::move(where)) {}

asio::awaitable<Result<void>> Exchange::start(std::shared_ptr<const Secret> text,
                                              Connection::Clock::time_point deadline) {
  lease_->set_deadline(deadline);
  if (!lease_.reused()) {
    auto connected = co_await connect(deadline);
    if (!connected) co_return std::unexpected(std::move(connected.error()));
  }
  if (fence_ != nullptr && !fence_->may_write(Connection::Clock::now()))
    co_return fail(
        ErrorKind::Unreachable, "nothing is written: this daemon does not hold the lease", where_,
        "another daemon of this installation may hold it, or the API server could not be asked for too long");
  if (fence_ != nullptr) lease_->hold_behind(fence_);
  const auto [write_failure, written_bytes] = co_await write(text->reveal());
  if (write_failure) co_return std::unexpected(lost_before_sent(write_failure));
  auto answered = co_await read_head();
  if (!answered) co_return answered;
  co_return expect_encoding();
}

// In pieces, so that a process that stood still meanwhile does not go on with it.
asio::awaitable<Connection::Transferred> Exchange::write(std::string_view text) {
  if (fence_ == nullptr) co_return co_await lease_->write(text);
  constexpr std::size_t kPieceBytes = 16UL * 1024;
  std::size_t written = 0;
  while (written < text.size()) {
    if (!fence_->may_write(Connection::Clock::now())) lease_->stop(Connection::Stop::Fenced);
    const auto [failure, bytes] = co_await lease_->write(text.substr(written, kPieceBytes));
    if (failure) co_return Connection::Transferred{failure, written};
    written += bytes;
  }
  co_return Connection::Transferred{error_code(), written};
}

// Handshakes cost a server more than most requests: a few at once (correctness A17).
asio::awaitable<Result<void>> Exchange::connect(Connection::Clock::time_point deadline) {
  auto pass = co_await lease_.handshakes().enter(deadline);
  if (lease_->stopped() != Connection::Stop::None) co_return std::unexpected(lease_->stop_error());
  if (!pass) co_return std::unexpected(std::move(pass.error()));
  co_return co_await lease_->connect();
}

Result<void> Exchange::expect_encoding() {
  const std::string encoding = reader_.header("Content-Encoding");
  if (keep_encoding_ || encoding.empty() || encoding == "identity") return {};
  if (encoding != "gzip")
    return std::unexpected(
        unanswered({ErrorKind::Protocol, "the answer has an encoding that was not asked for", where_}));
  compressed_ = std::make_unique<Compressed>();
  return {};
}

asio::awaitable<Result<void>> Exchange::read_head() {
  for (;;) {
    auto step = reader_.read_head();
    if (!step) co_return std::unexpected(unanswered(std::move(step.error())));
    if (*step != ResponseReader::Step::NeedInput) co_return Result<void>{};
    const auto [failure, received_bytes] = co_await lease_->read_some(reader_.prepare());
    if (failure) {
      repeatable_ = safe_ && !reader_.started() && given_up_by_server(failure);
      auto error = lost_while_reading(failure);
      co_return std::unexpected(error ? std::move(*error) : lost_before_sent(failure));
    }
    reader_.commit(received_bytes);
  }
}

asio::awaitable<Result<std::size_t>> Exchange::read_body(std::span<char> into) {
  if (!compressed_) co_return co_await read_raw(into);
  Compressed& body = *compressed_;
  for (;;) {
    const auto progress = body.reader.inflate(body.rest, into);
    if (!progress) co_return std::unexpected(unanswered(progress.error()));
    body.rest = body.rest.subspan(progress->consumed_bytes);
    if (progress->produced_bytes > 0) co_return progress->produced_bytes;
    const auto got = co_await read_raw(body.buffer);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) {
      if (body.reader.at_end()) co_return std::size_t{0};
      co_return std::unexpected(unanswered({ErrorKind::Protocol, "the compressed answer was cut off", where_}));
    }
    body.rest = std::span(body.buffer).first(*got);
  }
}

asio::awaitable<Result<std::size_t>> Exchange::read_raw(std::span<char> into) {
  for (;;) {
    std::size_t copied_bytes = 0;
    auto step = reader_.read_body(into, copied_bytes);
    if (!step) co_return std::unexpected(unanswered(std::move(step.error())));
    if (*step != ResponseReader::Step::NeedInput) co_return copied_bytes;
    const auto [failure, received_bytes] = co_await lease_->read_some(reader_.prepare());
    if (failure) {
      auto error = lost_while_reading(failure);
      if (error) co_return std::unexpected(std::move(*error));
      co_return std::size_t{0};
    }
    reader_.commit(received_bytes);
  }
}

asio::awaitable<Result<std::string>> Exchange::read_whole_body(std::size_t max_bytes) {
  constexpr std::size_t kLeastBytes = 8UL * 1024;
  const auto too_large = [&] {
    return fail(ErrorKind::TooLarge, "the answer is larger than " + std::to_string(max_bytes) + " bytes", where_);
  };
  const auto announced = reader_.content_length();
  if (announced && *announced > max_bytes) co_return too_large();
  std::string body(announced && !compressed_ ? static_cast<std::size_t>(*announced) + 1 : kLeastBytes, '\0');
  std::size_t size = 0;
  for (;;) {
    if (size == body.size()) body.resize(std::max(kLeastBytes, 2 * size));
    const std::span<char> free(body.data() + size, body.size() - size);
    auto copied = co_await read_body(free);
    if (!copied) co_return std::unexpected(std::move(copied.error()));
    if (*copied == 0) break;
    size += *copied;
    if (size > max_bytes) co_return too_large();
  }
  body.resize(size);
  co_return body;
}

void Exchange::finish() {
  if (!reader_.reusable()) return;
  lease_->hold_behind(nullptr);
  lease_.give_back();
}

bool Exchange::given_up_by_server(const error_code& error) const {
  return lease_.reused() && lease_->stopped() == Connection::Stop::None && error != asio::error::operation_aborted;
}

// The server never got the last byte, so it cannot have acted on the request.
Error Exchange::lost_before_sent(const error_code& error) {
  repeatable_ = given_up_by_server(error);
  if (lease_->stopped() != Connection::Stop::None || error == asio::error::operation_aborted) {
    return lease_->stop_error();
  }
  return {ErrorKind::Unreachable, "the connection broke while the request was sent: " + error.message(), where_};
}

std::optional<Error> Exchange::lost_while_reading(const error_code& error) {
  if (lease_->stopped() != Connection::Stop::None || error == asio::error::operation_aborted) {
    return unanswered(lease_->stop_error());
  }
  if (refuses_client_certificate(error)) {
    return Error{ErrorKind::Unauthorized, "the server refused the client certificate: " + error.message(), where_,
                 "check client-certificate(-data) in the kubeconfig"};
  }
  // Only a close_notify (or a FIN without TLS) is an end; anything else may have been cut by somebody on the way.
  if (error == asio::error::eof && reader_.end_of_input()) return std::nullopt;
  const char* when = reader_.started() ? "the connection broke in the middle of the answer: "
                                       : "the connection broke before an answer: ";
  return unanswered({ErrorKind::Unreachable, when + error.message(), where_});
}

// A write whose answer is not known may have been carried out, or still be.
Error Exchange::unanswered(Error cause) const {
  if (cause.where.empty()) cause.where = where_;
  if (!safe_ && cause.kind != ErrorKind::Cancelled) cause.kind = ErrorKind::UnknownOutcome;
  return cause;
}

}  // namespace holdfast
