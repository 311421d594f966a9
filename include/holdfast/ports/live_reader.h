// The port through which the engine looks at the bytes of an object while they are there: as a list or a watch brings
// them, before the store takes the object over without its body.
#pragma once

#include "holdfast/model/json_view.h"
#include "holdfast/model/object.h"

namespace holdfast {

class LiveReader {
 public:
  virtual ~LiveReader() = default;
  // Called for every object that comes by, old or new, before anybody is told of it; `body` is borrowed for the call.
  // True where the body has to be kept in the store, because it is not as it was when all was well.
  virtual bool read(const LiveObject& object, const JsonView& body) = 0;
};

}  // namespace holdfast
