#include "cluster/object_events.h"

#include <fcntl.h>

#include <fstream>
#include <stdexcept>
#include <utility>

#include "holdfast/base/file_descriptor.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {

ObjectEvents::ObjectEvents(const std::vector<std::string>& kubectl, const std::string& list_path,
                           const std::string& resource_version, std::filesystem::path file)
    : file_(std::move(file)) {
  const FileDescriptor out(open(file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (out.get() < 0) throw std::runtime_error("cannot write " + file_.string());
  std::vector<std::string> command = kubectl;
  command.insert(command.end(), {"get", "--raw", list_path + "?watch=true&resourceVersion=" + resource_version});
  watch_ = std::make_unique<ChildProcess>(command, Environment{}, ChildProcess::Streams{-1, out.get(), -1});
}

int ObjectEvents::of(const std::string& name) {
  if (!watch_->running()) throw std::runtime_error("the watch that counts events has ended");
  std::ifstream in(file_);
  in.seekg(read_);
  // A line without its end is still being written.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    read_ += static_cast<std::streamoff>(line.size()) + 1;
    const Result<json::value> event = parse_json(line);
    if (!event) throw std::runtime_error("not an event: " + line);
    ++counts_[std::string(string_at(*event, {"object", "metadata", "name"}))];
  }
  return counts_[name];
}

}  // namespace holdfast::cluster
