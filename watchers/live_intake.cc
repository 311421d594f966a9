#include "watchers/live_intake.h"

namespace holdfast {

Result<LivePtr> take_in(const JsonView& view, const GroupVersionKind& type, LiveReader* reader) {
  Result<std::shared_ptr<LiveObject>> object = read_live_object(view, type);
  if (!object) return std::unexpected(object.error());
  if (reader == nullptr || reader->read(**object, view)) keep_body(**object, view.text());
  return *object;
}

}  // namespace holdfast
