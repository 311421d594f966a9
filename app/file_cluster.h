// A cluster that is a file: the objects that `kubectl get -o yaml` printed, served to whoever asks as an API server
// would serve them, by the simulator's request handling. So what an apply would make of an object is computed by our
// own merge, with the schemas that the program carries, and a diff needs no code of its own for it.
//
// Types are those built in, those of the CustomResourceDefinitions of the file, and where it has custom objects without
// their definition, what the desired state defines; else they are made out from the objects: any field is allowed, a
// list is one value. Nothing is ever written but dry runs. One thread; no I/O.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/wanted_applications.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

class FileCluster final : public ApiServer {
 public:
  // `objects`: as read_objects() has them. Invalid: one has no name.
  static Result<std::unique_ptr<FileCluster>> make(std::vector<json::value> objects,
                                                   const WantedApplications& applications);
  ~FileCluster() override;
  FileCluster(const FileCluster&) = delete;
  FileCluster& operator=(const FileCluster&) = delete;

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override;
  // What cannot be known this way, for people.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  class Contents;
  FileCluster();

  std::unique_ptr<Contents> contents_;
  std::vector<std::string> notes_;
};

}  // namespace holdfast
