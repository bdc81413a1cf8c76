#pragma once
// Log replay: from the newest commit to the oldest, then the checkpoint. The first one seen wins.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "delta/action_json_internal.hpp"
#include "delta/file_key_internal.hpp"
#include "delta/file_segment_internal.hpp"
#include "delta/ids.hpp"

namespace ingot::delta {

class LogReplay {
public:
    /// The commits must come from the newest to the oldest. Errors name file and line.
    Status add_commit(const LogText& text);
    /// An action of the checkpoint; all commits have been added before. Files of a checkpoint are
    /// distinct, so they are only looked up.
    void add_checkpoint_file(const AddView& add);
    void add_checkpoint_action(Action action);
    /// Ends a segment of files: a part of the checkpoint is one of its own.
    void close_segment();

    std::optional<Protocol> protocol;
    std::optional<Metadata> metadata;
    std::map<std::string, Txn> txns;
    std::map<std::string, DomainMetadata> domains;  ///< Tombstones included.
    std::optional<CommitInfo> tip_info;             ///< commitInfo of the first commit added.
    std::vector<SegmentPtr> segments;
    FileKeySet seen;  ///< Keys of all files that the commits added or removed.

private:
    void keep_newest(Action action);

    ActionParser parser_;
    FileKeyBuilder keys_;
    FileSegmentBuilder builder_;
    bool is_tip_ = true;
};

}  // namespace ingot::delta
