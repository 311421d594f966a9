// Texts that differ and that a built-in type of the API server stores alike (correctness C8; V25). True only where that
// is certain: both are read, and of two spellings with one value those count as different that the server keeps apart,
// such as 1000Mi and 1048576k. Pure.
#pragma once

#include <string_view>

namespace holdfast {

bool same_quantity(std::string_view a, std::string_view b);  // "1000m" and "1", "1024Mi" and "1Gi"
bool same_duration(std::string_view a, std::string_view b);  // metav1.Duration: "60s" and "1m0s"
bool same_base64(std::string_view a, std::string_view b);    // line breaks do not count

}  // namespace holdfast
