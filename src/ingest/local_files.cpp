#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/glob.hpp"
#include "ingest/finders_internal.hpp"
#include "ingest/window_paths_internal.hpp"
#include "project/window.hpp"

namespace ingot::ingest {
namespace {

namespace fs = std::filesystem;

std::ptrdiff_t depth(const fs::path& path) {
    return std::distance(path.begin(), path.end());
}

Timestamp modified_at(const fs::file_time_type& time) {
    const auto system = std::chrono::file_clock::to_sys(time);
    return Timestamp::from_micros(
        std::chrono::duration_cast<std::chrono::microseconds>(system.time_since_epoch()).count());
}

Result<publish::InputIdentity> identify(const std::string& path, const std::string& name) {
    std::error_code error;
    publish::InputIdentity identity;
    identity.name = name;
    identity.size = fs::file_size(path, error);
    if (error) return make_error(ErrorCode::kIo, "cannot read {}: {}", path, error.message());
    identity.modified = modified_at(fs::last_write_time(path, error));
    if (error) return make_error(ErrorCode::kIo, "cannot read {}: {}", path, error.message());
    return identity;
}

class LocalFiles final : public InputFinder {
public:
    LocalFiles(const project::Source& source, const project::FilesOrigin& origin,
               const InputContext& context)
        : source_(source), origin_(origin), context_(context) {}

    Result<std::optional<std::vector<Input>>> list() override {
        if (source_.load == project::LoadKind::kWindow) return list_windows();
        INGOT_TRY_ASSIGN(const std::string path,
                         origin_.path.render_text(render_context(context_, source_, std::nullopt)));
        INGOT_TRY_ASSIGN(Input whole, look_up(path));
        whole.key = kWholeKey;
        if (source_.load != project::LoadKind::kFiles || !whole.found)
            return std::optional(std::vector<Input>{std::move(whole)});
        std::vector<Input> inputs;
        for (std::size_t i = 0; i < whole.files.size(); ++i) {
            Input& input = inputs.emplace_back();
            input.key = whole.files[i].name;
            input.looked_for = whole.looked_for;
            input.found = true;
            input.files = {whole.files[i]};
            input.identities = {whole.identities[i]};
        }
        return std::optional(std::move(inputs));
    }

    Result<Input> find(const Interval& window) override {
        INGOT_TRY_ASSIGN(const project::Rendered rendered,
                         origin_.path.render(render_context(context_, source_, window)));
        if (const auto* absent = std::get_if<project::NoSuchDate>(&rendered)) {
            Input input;
            input.key = window.start.to_string();
            input.window = window;
            input.skipped = absent->reason;
            return input;
        }
        INGOT_TRY_ASSIGN(Input input, look_up(std::get<std::string>(rendered)));
        input.key = window.start.to_string();
        input.window = window;
        return input;
    }

    Fetched fetch(std::vector<Input> inputs) override {
        Fetched fetched;
        for (Input& input : inputs) {
            if (source_.load == project::LoadKind::kSnapshot) {
                if (Status known = compare_bytes(input); !known) {
                    fetched.failed.push_back(input.key);
                    fetched.error = std::move(known).error();
                    break;
                }
            }
            fetched.inputs.push_back(std::move(input));
        }
        return fetched;
    }

    void release(const std::vector<Input>&) override {}
    std::size_t fetch_max() const override { return 1000; }

private:
    Result<std::optional<std::vector<Input>>> list_windows() {
        if (!source_.start) return std::optional<std::vector<Input>>();
        INGOT_TRY_ASSIGN(const std::optional<Interval> range,
                         project::closed_range(*source_.window, *source_.start, context_.run_time));
        std::vector<Input> inputs;
        if (!range) return std::optional(std::move(inputs));
        INGOT_TRY_ASSIGN(const std::vector<Interval> windows, windows_to_look_at(*range));
        for (const Interval& window : windows) {
            INGOT_TRY_ASSIGN(const project::Rendered rendered,
                             origin_.path.render(render_context(context_, source_, window)));
            const auto* path = std::get_if<std::string>(&rendered);
            // Most windows of the years since `start` have no file: they must cost next to nothing.
            if (path == nullptr ||
                (!has_wildcard(*path) && !exists(absolute_path(context_.project, *path))))
                continue;
            INGOT_TRY_ASSIGN(Input input, find(window));
            if (input.found) inputs.push_back(std::move(input));
        }
        return std::optional(std::move(inputs));
    }

    /// The windows of the range that may have a file.
    Result<std::vector<Interval>> windows_to_look_at(const Interval& range) {
        INGOT_TRY_ASSIGN(const std::optional<WindowPaths> paths,
                         WindowPaths::of(origin_.path, context_.project.root, *source_.window,
                                         render_context(context_, source_, std::nullopt)));
        if (!paths) return project::enumerate_windows(*source_.window, range);
        INGOT_TRY_ASSIGN(const std::vector<std::string> files, glob(paths->pattern()));
        std::set<Interval> windows;
        for (const std::string& file : files) {
            const std::optional<Interval> window = paths->window_of(file);
            if (window && range.start <= window->start && window->end <= range.end)
                windows.insert(*window);
        }
        return std::vector<Interval>(windows.begin(), windows.end());
    }

    /// A snapshot whose files were only touched is no new one.
    static Status compare_bytes(Input& input) {
        for (std::size_t i = 0; i < input.files.size(); ++i) {
            INGOT_TRY_ASSIGN(input.identities[i].sha256, file_sha256(input.files[i].path));
        }
        input.unchanged = same_bytes(input.before, input.identities);
        return {};
    }

    Result<Input> look_up(const std::string& rendered) {
        if (telling_parts_ == 0) {
            INGOT_TRY_ASSIGN(telling_parts_, telling_parts(source_, origin_, context_));
        }
        const std::string path = absolute_path(context_.project, rendered);
        Input input;
        input.looked_for = path;
        std::vector<std::string> paths;
        if (has_wildcard(path)) {
            INGOT_TRY_ASSIGN(paths, glob(path));
        } else if (exists(path)) {
            paths.push_back(path);
        }
        for (const std::string& each : paths) {
            // `**` finds files deeper, or less deep, than the pattern is.
            const std::ptrdiff_t deeper = depth(each) - depth(path);
            const std::string name = display_name(
                each,
                static_cast<std::size_t>(static_cast<std::ptrdiff_t>(telling_parts_) + deeper));
            INGOT_TRY_ASSIGN(publish::InputIdentity identity, identify(each, name));
            input.identities.push_back(std::move(identity));
            input.files.push_back(
                format::InputFile{each, name, compression_of(source_.format), origin_.member});
        }
        input.found = !input.files.empty();
        return input;
    }

    /// Remembers the names in a folder, so that looking for years of hours costs one listing a
    /// folder and no system call an hour.
    bool exists(const std::string& path) {
        const std::size_t slash = path.rfind('/');
        const std::string folder = path.substr(0, slash + 1);
        const auto [at, inserted] = listings_.try_emplace(folder);
        if (inserted) {
            std::error_code error;
            for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
                at->second.insert(entry.path().filename().string());
            }
        }
        return at->second.contains(path.substr(slash + 1));
    }

    const project::Source& source_;
    const project::FilesOrigin& origin_;
    InputContext context_;
    std::map<std::string, std::set<std::string>> listings_;
    std::size_t telling_parts_ = 0;  ///< 0: not known yet.
};

}  // namespace

std::unique_ptr<InputFinder> find_local_files(const project::Source& source,
                                              const project::FilesOrigin& origin,
                                              const InputContext& context) {
    return std::make_unique<LocalFiles>(source, origin, context);
}

}  // namespace ingot::ingest
