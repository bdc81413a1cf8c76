#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "datagen/gharchive_world_internal.hpp"
#include "datagen/random_internal.hpp"

namespace ingot::datagen {

enum class EventKind : std::uint8_t {
    kPush,
    kCreate,
    kWatch,
    kIssueComment,
    kIssues,
    kPullRequest,
    kFork,
    kDelete,
    kGollum,
    kReviewComment,
    kRelease,
    kCommitComment,
    kMember,
    kPublic,
};

/// What everybody sees of an event, for its payload to agree with.
struct EventFacts {
    const World& world;
    const Account& actor;
    const Repository& repository;
    std::int64_t second;  ///< Since 1970.
    std::int64_t hour;    ///< Since 1970; names are those of this hour.
};

/// The value of `payload`, a JSON object.
void append_payload(std::string& out, EventKind kind, const EventFacts& facts, Random& random);

}  // namespace ingot::datagen
