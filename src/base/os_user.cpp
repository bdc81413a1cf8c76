#include "base/os_user.hpp"

#include <array>
#include <fmt/format.h>
#include <pwd.h>

namespace ingot {

std::string os_user_name(uid_t user) {
    std::array<char, 16 * 1024> text{};
    passwd entry{};
    passwd* found = nullptr;
    const int failed = ::getpwuid_r(user, &entry, text.data(), text.size(), &found);
    return failed == 0 && found != nullptr ? found->pw_name : fmt::format("uid {}", user);
}

}  // namespace ingot
