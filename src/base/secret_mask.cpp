#include "base/secret_mask.hpp"

#include <algorithm>
#include <atomic>

#include "base/guarded.hpp"
#include "base/percent.hpp"

namespace ingot {
namespace {

/// Longest first, so that a secret that contains another is masked whole.
Guarded<std::vector<std::string>>& secrets() {
    static auto* const instance = new Guarded<std::vector<std::string>>();
    return *instance;
}
std::atomic<bool> has_secrets = false;

}  // namespace

void register_secret(std::string_view value) {
    if (value.empty()) return;
    auto known = secrets().lock();
    for (std::string form : {std::string(value), percent_encode(value)}) {
        if (std::find(known->begin(), known->end(), form) != known->end()) continue;
        known->push_back(std::move(form));
    }
    std::stable_sort(known->begin(), known->end(), [](const std::string& a, const std::string& b) {
        return a.size() > b.size();
    });
    has_secrets = true;
}

std::vector<std::string> registered_secrets() {
    return *secrets().lock();
}

std::string mask_secrets(std::string_view text) {
    std::string masked(text);
    if (!has_secrets) return masked;
    constexpr std::string_view kMask = "***";
    auto known = secrets().lock();
    for (const std::string& secret : *known) {
        for (std::size_t at = masked.find(secret); at != std::string::npos;
             at = masked.find(secret, at + kMask.size())) {
            masked.replace(at, secret.size(), kMask);
        }
    }
    return masked;
}

}  // namespace ingot
