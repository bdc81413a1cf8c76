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
    std::string looked_for;  ///< Path or URL, secrets masked.
    bool found = false;
    std::string skipped;  ///< Why the window can have no input: a date that does not exist.
    std::vector<format::InputFile> files;            ///< Local; after `fetch` for remote inputs.
    std::vector<publish::InputIdentity> identities;  ///< As many as `files`.
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

/// Finds and fetches the inputs of one source. Not thread-safe.
class InputFinder {
public:
    virtual ~InputFinder() = default;

    /// The keys that the source lists by itself, in order: windows that have a file, files that
    /// match. Nothing when it cannot list (a URL): then windows have to be given.
    virtual Result<std::optional<std::vector<Input>>> list() = 0;
    /// One window's input, looked up now.
    virtual Result<Input> find(const Interval& window) = 0;
    /// Makes the input's bytes local and completes its identities. An input that has gone in the
    /// meantime comes back not found.
    virtual Result<Input> fetch(Input input) = 0;
};

/// kUnsupported `not yet: ...` for origins that are not read yet.
Result<std::unique_ptr<InputFinder>> open_finder(const project::Source& source,
                                                 const InputContext& context);

}  // namespace ingot::ingest
