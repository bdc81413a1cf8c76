#pragma once
#include <memory>
#include <string_view>

#include "storage/object_store.hpp"

namespace ingot::storage {

/// The space of that name, or the part of it below a folder: `name` or `name/some/folder`. All
/// stores of one name in this process share their objects, which live as long as the process.
Result<std::shared_ptr<ObjectStore>> open_memory_store(std::string_view name);

}  // namespace ingot::storage
