#pragma once
#include <memory>
#include <vector>

#include "format/source.hpp"

namespace ingot::format {

/// Files that are Arrow streams, as `open_source` gives them. Values keep the types of the streams,
/// whatever the spec says: what reads them casts. All declared columns must be there, and all files
/// have the columns of the first one. Nothing is rejected: damage is the file's error.
Result<std::unique_ptr<FormatSource>> open_arrow_source(std::vector<InputFile> files,
                                                        FormatSpec spec, ScanOptions options);

}  // namespace ingot::format
