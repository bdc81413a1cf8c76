#pragma once
// Which features of the protocol Ingot reads and writes. The one place that says so.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "delta/actions.hpp"

namespace ingot::delta {

enum class FeatureSupport : std::uint8_t {
    kYes,
    kNo,
    kUnlessUsed,  ///< Fine while no column or property of the table makes use of it.
};

struct FeatureInfo {
    std::string_view name;
    bool reader_writer;  ///< Blocks readers too; else writers only.
    int legacy_reader;   ///< Implied by this reader version; 0: never.
    int legacy_writer;   ///< Implied by this writer version; 0: never.
    FeatureSupport read;
    FeatureSupport write;
};

inline constexpr auto kFeatures = std::to_array<FeatureInfo>({
    {"appendOnly", false, 0, 2, FeatureSupport::kYes, FeatureSupport::kYes},
    {"invariants", false, 0, 2, FeatureSupport::kYes, FeatureSupport::kUnlessUsed},
    {"checkConstraints", false, 0, 3, FeatureSupport::kYes, FeatureSupport::kUnlessUsed},
    {"changeDataFeed", false, 0, 4, FeatureSupport::kYes, FeatureSupport::kUnlessUsed},
    {"generatedColumns", false, 0, 4, FeatureSupport::kYes, FeatureSupport::kUnlessUsed},
    {"columnMapping", true, 2, 5, FeatureSupport::kYes, FeatureSupport::kYes},
    {"identityColumns", false, 0, 6, FeatureSupport::kYes, FeatureSupport::kUnlessUsed},
    {"deletionVectors", true, 0, 0, FeatureSupport::kYes, FeatureSupport::kYes},
    {"timestampNtz", true, 0, 0, FeatureSupport::kYes, FeatureSupport::kYes},
    {"v2Checkpoint", true, 0, 0, FeatureSupport::kYes, FeatureSupport::kYes},
    {"vacuumProtocolCheck", true, 0, 0, FeatureSupport::kYes, FeatureSupport::kYes},
    {"domainMetadata", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kYes},
    {"inCommitTimestamp", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kYes},
    {"allowColumnDefaults", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kUnlessUsed},
    {"rowTracking", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"clustering", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"icebergCompatV1", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"icebergCompatV2", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"icebergCompatV3", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"materializePartitionColumns", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"checkpointProtection", false, 0, 0, FeatureSupport::kYes, FeatureSupport::kNo},
    {"typeWidening", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
    {"typeWidening-preview", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
    {"variantType", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
    {"variantType-preview", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
    {"variantShredding", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
    {"variantShredding-preview", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
    {"catalogManaged", true, 0, 0, FeatureSupport::kNo, FeatureSupport::kNo},
});

/// kUnsupported naming the first feature or version that stands in the way of reading.
Status check_readable(const Protocol& protocol);

/// Whether the protocol has the feature: listed, or implied by a legacy version.
bool has_feature(const Protocol& protocol, std::string_view feature);

}  // namespace ingot::delta
