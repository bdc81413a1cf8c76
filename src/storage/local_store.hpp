#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "storage/object_store.hpp"

namespace ingot::storage {

/// File names that begin so belong to writes in flight; no object has such a name.
inline constexpr std::string_view kTemporaryPrefix = ".ingot-tmp-";

/// A store whose objects are the files under `folder`, which is made on the first write. Links to
/// folders are followed. Error kInvalidArgument: `folder` is a file.
Result<std::shared_ptr<ObjectStore>> open_local_store(std::string folder, std::string uri);

}  // namespace ingot::storage
