#pragma once
// The people, organizations and repositories of the generated events. Everything follows from a
// number: no state is kept, so that hours can be made in any order.
#include <cstdint>
#include <string>

namespace ingot::datagen {

struct Account {
    std::uint64_t id = 0;
    std::string login;
    bool is_organization = false;
    bool null_gravatar = false;
};

struct Repository {
    std::uint64_t id = 0;
    Account owner;
    std::string name;       ///< `engine`
    std::string full_name;  ///< `ada/engine`
    std::uint64_t hash = 0;
};

class World {
public:
    World(std::uint64_t seed, std::uint32_t scale_permille);

    std::uint32_t people() const { return people_; }
    std::uint32_t organizations() const { return organizations_; }

    /// Names are those of that hour (hours since 1970): one account in 60 and one repository in 80
    /// gets a new name every three days.
    Account person(std::uint32_t index, std::int64_t hour) const;
    Account organization(std::uint32_t index, std::int64_t hour) const;
    Repository repository(const Account& owner, std::uint32_t index, std::uint32_t number,
                          std::int64_t hour) const;

private:
    std::uint64_t seed_;
    std::uint32_t people_;
    std::uint32_t organizations_;
};

}  // namespace ingot::datagen
