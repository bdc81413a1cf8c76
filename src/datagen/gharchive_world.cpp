#include <algorithm>

#include "datagen/gharchive_world_internal.hpp"
#include "datagen/random_internal.hpp"

namespace ingot::datagen {

namespace {

enum Kind : std::uint64_t { kPerson = 1, kOrganization = 2, kRepository = 3 };

/// How often the thing has got a new name by then.
std::uint64_t name_version(std::uint64_t hash, std::uint64_t one_in, std::int64_t hour) {
    constexpr std::uint64_t kPeriodHours = 72;
    if (hash % one_in != 0) return 0;
    return (static_cast<std::uint64_t>(hour) + (hash >> 20U) % kPeriodHours) / kPeriodHours;
}

}  // namespace

World::World(std::uint64_t seed, std::uint32_t scale_permille)
    : seed_(seed),
      people_(std::max<std::uint32_t>(100, 40 * scale_permille)),
      organizations_(std::max<std::uint32_t>(20, 4 * scale_permille)) {}

Account World::person(std::uint32_t index, std::int64_t hour) const {
    const std::uint64_t hash = mix(seed_, kPerson, index);
    const std::uint64_t name = mix(hash, name_version(hash, 60, hour));
    std::string login(word(name));
    if (name % 3 == 0) login.push_back('-');
    login.append(word(name >> 8U)).append(base36(index));
    return {100'000 + std::uint64_t{index} * 7, std::move(login), false, false};
}

Account World::organization(std::uint32_t index, std::int64_t hour) const {
    const std::uint64_t hash = mix(seed_, kOrganization, index);
    const std::uint64_t name = mix(hash, name_version(hash, 60, hour));
    std::string login(word(name));
    login.append(name % 2 == 0 ? "-labs" : "hq").append(base36(index));
    return {5'000'000 + std::uint64_t{index} * 11, std::move(login), true, hash % 40 == 0};
}

Repository World::repository(const Account& owner, std::uint32_t index, std::uint32_t number,
                             std::int64_t hour) const {
    Repository repository;
    repository.id = owner.is_organization ? 10'000'000 + std::uint64_t{index} * 16 + number
                                          : 20'000'000 + std::uint64_t{index} * 4 + number;
    repository.hash = mix(seed_, kRepository, repository.id);
    const std::uint64_t name = mix(repository.hash, name_version(repository.hash, 80, hour));
    repository.owner = owner;
    repository.name = std::string(word(name)).append("-").append(word(name >> 8U));
    if (number != 0) repository.name.append(base36(number));
    repository.full_name = owner.login + "/" + repository.name;
    return repository;
}

}  // namespace ingot::datagen
