#pragma once
#include <simdjson.h>

namespace ingot::delta::json {

/// Whether nothing follows the document that has been iterated.
inline bool at_end(simdjson::ondemand::document& document) {
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

}  // namespace ingot::delta::json
