// Quantities in the API server's canonical spelling (V25): "1000m" is "1", "0.5" is "500m", "1024Mi" is "1Gi".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

// Nothing where the text is no quantity. Up to 18 digits; finer than nano is rounded up.
std::optional<std::string> canonical_quantity(std::string_view text);

}  // namespace holdfast
