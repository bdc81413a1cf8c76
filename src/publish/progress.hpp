#pragma once
// What a table knows about itself: which windows are done, from which code and which versions of
// its inputs. The file format is docs/formats/progress.md. Progress lies beside the data and is
// switched by the same commit as the rows.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/interval_set.hpp"
#include "delta/ids.hpp"
#include "delta/snapshot.hpp"

namespace ingot::publish {

/// The application whose `txn.version` names the progress file that is in force.
inline constexpr std::string_view kProgressAppId = "ingot.progress";

/// done: rows were published. empty: the input was there and had no rows. missing: the input was
/// absent.
enum class WindowState : std::uint8_t { kDone, kEmpty, kMissing };
std::string_view window_state_name(WindowState state);

/// The version of an input table up to which its changes have been taken in.
struct InputVersion {
    delta::TableVersion version;
    Timestamp
        committed_at;  ///< Of that version: stands in for it when the log has been cleaned up.
    friend bool operator==(const InputVersion&, const InputVersion&) = default;
};
using InputVersions = std::map<std::string, InputVersion>;  ///< By table name.

struct ProgressEntry {
    Interval interval;
    WindowState state = WindowState::kDone;
    std::string code_hash;
    InputVersions inputs;
    std::optional<Timestamp> missing_since;  ///< kMissing: when it was first looked for.
    friend bool operator==(const ProgressEntry&, const ProgressEntry&) = default;
};

/// The last whole build of a table without windows.
struct WholeBuild {
    std::string code_hash;
    InputVersions inputs;
    friend bool operator==(const WholeBuild&, const WholeBuild&) = default;
};

/// What one ingested file or reply was, so that a change of it is noticed and no file is loaded
/// twice.
struct InputIdentity {
    std::string name;
    std::uint64_t size = 0;
    std::string etag;
    std::optional<Timestamp> modified;
    std::string sha256;
    friend bool operator==(const InputIdentity&, const InputIdentity&) = default;
};

/// The files of one key (a window's start, or a file's own name), newest load.
using Identities = std::map<std::string, std::vector<InputIdentity>>;

/// An immutable file of identities; later pages win. Pages of one rank are merged in eights, so
/// that a commit writes little and their number stays small.
struct IdentityPage {
    std::string file;  ///< Name within `_ingot/progress/`.
    std::int64_t keys = 0;
    int rank = 0;
};

/// Where they lie within the table.
std::string progress_file(std::int64_t number);
std::string page_file(const IdentityPage& page);

/// A value. Entries are sorted and disjoint; equal neighbours are one.
class Progress {
public:
    const std::vector<ProgressEntry>& entries() const { return entries_; }
    const std::optional<WholeBuild>& whole() const { return whole_; }
    const std::vector<IdentityPage>& pages() const { return pages_; }

    /// Replaces what was known about the entry's interval.
    void record(const ProgressEntry& entry);
    void record_whole(WholeBuild build) { whole_ = std::move(build); }
    /// Forgets everything about that range.
    void forget(const Interval& interval);
    /// Says of all entries outside `stale` that have this code hash: up to date with `inputs`.
    /// Neighbours become equal and merge, which keeps the file small.
    void restamp(const IntervalSet& stale, const std::string& code_hash,
                 const InputVersions& inputs);
    void add_page(IdentityPage page) { pages_.push_back(std::move(page)); }
    void replace_pages(std::vector<IdentityPage> pages) { pages_ = std::move(pages); }

    /// Intervals of that state.
    IntervalSet in_state(WindowState state) const;

    std::string to_json() const;
    /// kCorruptData with what is wrong.
    static Result<Progress> from_json(std::string_view json);
    friend bool operator==(const Progress&, const Progress&) = default;

private:
    void coalesce();

    std::vector<ProgressEntry> entries_;
    std::optional<WholeBuild> whole_;
    std::vector<IdentityPage> pages_;
};
bool operator==(const IdentityPage& a, const IdentityPage& b);

/// Progress as a snapshot has it, and its number (0 and empty: none yet).
struct StoredProgress {
    std::int64_t number = 0;
    Progress progress;
};

/// Reads the file that the snapshot's txn names. Errors: kCorruptData, kIo; a named file that is
/// absent is kCorruptData.
Result<StoredProgress> load_progress(const delta::Snapshot& snapshot);

/// Writes the next free progress file after `after` and returns its number, for the txn of the
/// commit that follows. A file that a crashed writer left under a number is passed over, never
/// overwritten.
Result<std::int64_t> write_progress(const delta::TableLocation& location, std::int64_t after,
                                    const Progress& progress);

/// All identities, newest per key.
Result<Identities> load_identities(const delta::TableLocation& location, const Progress& progress);

/// Writes `added` as a new last page, into which older ones are merged where due. It is
/// unreferenced until `progress` is written. An error leaves no page.
Status append_identities(const delta::TableLocation& location, Progress& progress,
                         const Identities& added);

}  // namespace ingot::publish
