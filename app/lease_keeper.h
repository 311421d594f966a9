// Keeps the Lease of an installation: so that of several daemons one writes, and none after its term
// (engine/lease_term.h). Over a connection of its own, which no storm of writes holds up (correctness B8).
//
// Lives on one executor, one thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "engine/lease_term.h"
#include "holdfast/base/clock.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

class LeaseKeeper {
 public:
  struct Hooks {
    std::function<void()> won;   // once: from now on this process writes
    std::function<void()> lost;  // once: nothing is written any more, and everything has to end
  };

  // `api` outlives run(), and knows no fence.
  LeaseKeeper(boost::asio::any_io_executor executor, ApiServer& api, std::string namespace_, std::string name,
              Hooks hooks);
  ~LeaseKeeper();

  // Until stop(), or until it is lost.
  boost::asio::awaitable<void> run();
  void stop();
  // After stop(), when all writes have ended: another one need not wait for the end of the term.
  boost::asio::awaitable<void> release();

  [[nodiscard]] std::shared_ptr<const WriteFence> fence() const;
  [[nodiscard]] bool holding() const { return term_->standing() == LeaseTerm::Standing::Holding; }
  [[nodiscard]] bool lost() const { return lost_; }
  [[nodiscard]] bool may_write() const;
  // Another one holds it, as it was seen a moment ago.
  [[nodiscard]] bool stands_by() const { return !holding() && !lost_ && problem_.empty() && term_->seen(); }
  // For people: whose it is, or why that is not known.
  [[nodiscard]] std::string standing() const;

 private:
  class Fence;
  boost::asio::awaitable<LeaseTerm::Answer> send(LeaseTerm::Request request);
  void note(LeaseTerm::Standing before);
  [[nodiscard]] std::string place() const { return namespace_ + "/" + name_; }

  ApiServer& api_;
  std::string namespace_, name_;
  Hooks hooks_;
  std::shared_ptr<LeaseTerm> term_;
  std::shared_ptr<Fence> fence_;
  std::string problem_;  // why the last request failed; empty: it did not
  std::string said_holder_ = "?";
  bool lost_ = false;
  bool stopping_ = false;
  Timer pause_;
};

}  // namespace holdfast
