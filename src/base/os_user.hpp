#pragma once
#include <string>
#include <sys/types.h>
#include <unistd.h>

namespace ingot {

/// The name of a user of this machine; `uid 1000` where there is no name. May ask a directory
/// service.
std::string os_user_name(uid_t user = ::geteuid());

}  // namespace ingot
