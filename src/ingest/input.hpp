#pragma once
// From a source's `from` to files on this machine: what is there, what it is, and its bytes.
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/interval_set.hpp"
#include "base/time.hpp"
#include "format/input_file.hpp"
#include "project/project.hpp"
#include "project/source.hpp"
#include "publish/progress.hpp"

namespace ingot::ingest {

/// What one key of a source (a window, a file, the whole) stands for at this moment.
struct Input {
    std::string key;  ///< The window's start, the file's name, or `all`.
    std::optional<Interval> window;
    std::string looked_for;  ///< Path, URL or command, secrets masked.
    /// A URL or a command is taken to be there until it is fetched; it has no identities until
    /// then.
    bool found = false;
    std::string skipped;  ///< Why the window can have no input: a date that does not exist.
    std::vector<format::InputFile> files;            ///< Local; after `fetch` for remote inputs.
    std::vector<publish::InputIdentity> identities;  ///< As many as `files`.
    /// What was loaded for the key before. Set by the caller; `fetch` compares it.
    std::vector<publish::InputIdentity> before;
    bool unchanged =
        false;  ///< By `fetch`: the same bytes as `before`. There may be no files then.
};

struct InputContext {
    const project::Project& project;
    project::SecretResolver* secrets = nullptr;
    Clock& clock;
    Timestamp run_time;
    std::string cache_dir;  ///< Where downloads and the output of commands are kept until they are
                            ///< published.
    std::stop_token stop;
};

/// What a fetch brought. After a failure no further input is begun: `inputs` then holds those that
/// came through, in order.
struct Fetched {
    std::vector<Input> inputs;
    std::vector<std::string> failed;  ///< Keys.
    std::optional<Error> error;       ///< Of the first that failed.
};

/// Finds and fetches the inputs of one source. Not thread-safe.
class InputFinder {
public:
    virtual ~InputFinder() = default;

    /// The keys that the source lists by itself, in order: windows that have a file, files that
    /// match; when none does, one that is not found says where they were looked for. Nothing when
    /// it cannot list (the windows of a URL or a command): then windows have to be given.
    virtual Result<std::optional<std::vector<Input>>> list() = 0;
    /// One window's input, looked up now.
    virtual Result<Input> find(const Interval& window) = 0;
    /// Makes the bytes of inputs local and completes their identities. An input that is not there
    /// (any more) comes back not found.
    virtual Fetched fetch(std::vector<Input> inputs) = 0;
    /// The inputs are published: what was kept of them in the cache is removed. What is not
    /// released stays, so that the next run need not fetch it again.
    virtual void release(const std::vector<Input>& inputs) = 0;
    /// How many inputs to fetch before they are loaded and released: bounds the disk they take.
    virtual std::size_t fetch_max() const = 0;
};

/// kUnsupported `not yet: ...` for origins that are not read yet.
Result<std::unique_ptr<InputFinder>> open_finder(const project::Source& source,
                                                 const InputContext& context);

}  // namespace ingot::ingest
