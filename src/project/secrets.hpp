#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "project/template_text.hpp"

namespace ingot::project {

/// Looks a secret up in the places that `secrets: {from: [env, file:.env]}` names, in order.
/// Thread-safe.
class SecretStore final : public SecretResolver {
public:
    /// `from`: `env`, or `file:PATH` (lines `NAME=value`, quotes allowed, `#` comments); a relative
    /// path is resolved against `root`. An absent file has no secrets.
    static Result<std::unique_ptr<SecretStore>> open(const std::vector<std::string>& from,
                                                     const std::string& root);

    Result<std::string> resolve(const SecretRef& secret) override;
    /// Replaces every value given so far (of 4 bytes or more) by `***`.
    std::string mask(std::string_view text) const;

private:
    struct Place {
        std::string name;
        std::map<std::string, std::string> values;  ///< Of a file.
        bool environment = false;
    };
    std::vector<Place> places_;
    Guarded<std::set<std::string>> given_;
};

struct Project;
/// All that tasks of the project may ask for, each once: of connections, sources, models and
/// pipelines.
std::vector<SecretRef> secrets_of_tasks(const Project& project);

}  // namespace ingot::project
