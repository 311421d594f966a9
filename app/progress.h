// One line at the bottom of a terminal that is drawn over itself: how far the first roll-out is.
#pragma once

#include <cstddef>
#include <string>

namespace holdfast {

// Writes to standard error. Does nothing unless enabled; log lines may come between clear() and the next draw.
class Progress {
 public:
  explicit Progress(bool enabled) : enabled_(enabled) {}
  static bool on_terminal();                                     // standard error is one
  static std::size_t columns();                                  // of it; 80 where it does not say
  static std::string text(std::size_t done, std::size_t total);  // "applying: 12 of 40 objects"

  void start(std::size_t total);
  bool advance();  // false: not shown, so say it in the log
  void clear() const;
  void finish();

 private:
  bool enabled_;
  bool running_ = false;
  std::size_t done_ = 0, total_ = 0;
};

}  // namespace holdfast
