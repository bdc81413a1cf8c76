#include "publish/progress.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/uuid.hpp"

namespace ingot::publish {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormatVersion = 1;
constexpr std::string_view kFolder = "_ingot/progress/";
constexpr int kPagesPerMerge = 8;
constexpr int kNumberAttempts = 1000;
constexpr int kUnclearMax = 3;

Json inputs_to_json(const InputVersions& inputs) {
    Json json = Json::object();
    for (const auto& [table, input] : inputs) {
        json[table] = {{"version", input.version.value()},
                       {"committed_at", input.committed_at.to_string()}};
    }
    return json;
}

Json entry_to_json(const ProgressEntry& entry) {
    Json json = {{"start", entry.interval.start.to_string()},
                 {"end", entry.interval.end.to_string()},
                 {"state", window_state_name(entry.state)},
                 {"code", entry.code_hash},
                 {"inputs", inputs_to_json(entry.inputs)}};
    if (entry.missing_since) json["missing_since"] = entry.missing_since->to_string();
    return json;
}

/// nlohmann throws on a wrong type or an absent key; every reader below runs inside `guarded`.
template <class Read>
auto guarded(std::string_view what, Read read) -> decltype(read()) {
    try {
        return read();
    } catch (const nlohmann::json::exception& e) {
        return make_error(ErrorCode::kCorruptData, "{}: {}", what, e.what());
    }
}

Result<Timestamp> read_time(const Json& json, const char* key) {
    return parse_timestamp(json.at(key).get<std::string>());
}

Result<InputVersions> inputs_from_json(const Json& json) {
    InputVersions inputs;
    for (const auto& [table, value] : json.items()) {
        INGOT_TRY_ASSIGN(const Timestamp committed_at, read_time(value, "committed_at"));
        inputs.emplace(table,
                       InputVersion{delta::TableVersion(value.at("version").get<std::int64_t>()),
                                    committed_at});
    }
    return inputs;
}

Result<WindowState> state_from_name(const std::string& name) {
    for (const WindowState state :
         {WindowState::kDone, WindowState::kEmpty, WindowState::kMissing}) {
        if (window_state_name(state) == name) return state;
    }
    return make_error(ErrorCode::kCorruptData, "unknown window state '{}'", name);
}

Result<ProgressEntry> entry_from_json(const Json& json) {
    ProgressEntry entry;
    INGOT_TRY_ASSIGN(entry.interval.start, read_time(json, "start"));
    INGOT_TRY_ASSIGN(entry.interval.end, read_time(json, "end"));
    if (entry.interval.end <= entry.interval.start) {
        return make_error(ErrorCode::kCorruptData, "interval {} is empty",
                          entry.interval.to_string());
    }
    INGOT_TRY_ASSIGN(entry.state, state_from_name(json.at("state").get<std::string>()));
    entry.code_hash = json.at("code").get<std::string>();
    INGOT_TRY_ASSIGN(entry.inputs, inputs_from_json(json.at("inputs")));
    if (json.contains("missing_since")) {
        INGOT_TRY_ASSIGN(entry.missing_since, read_time(json, "missing_since"));
    }
    return entry;
}

Json identity_to_json(const InputIdentity& identity) {
    Json json = {{"name", identity.name}, {"size", identity.size}};
    if (!identity.etag.empty()) json["etag"] = identity.etag;
    if (identity.modified) json["modified"] = identity.modified->to_string();
    if (!identity.sha256.empty()) json["sha256"] = identity.sha256;
    return json;
}

Result<InputIdentity> identity_from_json(const Json& json) {
    InputIdentity identity;
    identity.name = json.at("name").get<std::string>();
    identity.size = json.at("size").get<std::uint64_t>();
    identity.etag = json.value("etag", "");
    identity.sha256 = json.value("sha256", "");
    if (json.contains("modified")) {
        INGOT_TRY_ASSIGN(identity.modified, read_time(json, "modified"));
    }
    return identity;
}

std::string page_to_json(const Identities& identities) {
    Json keys = Json::object();
    for (const auto& [key, files] : identities) {
        Json list = Json::array();
        for (const InputIdentity& identity : files) list.push_back(identity_to_json(identity));
        keys[key] = std::move(list);
    }
    return Json{{"format", kFormatVersion}, {"keys", std::move(keys)}}.dump();
}

Status read_page(const delta::TableLocation& location, const IdentityPage& page, Identities& into) {
    const std::string object = location.object(page_file(page));
    INGOT_TRY_ASSIGN(const std::string bytes, location.store->read(object));
    return guarded(object, [&]() -> Status {
        const Json json = Json::parse(bytes);
        for (const auto& [key, files] : json.at("keys").items()) {
            std::vector<InputIdentity> identities;
            for (const Json& file : files) {
                INGOT_TRY_ASSIGN(InputIdentity identity, identity_from_json(file));
                identities.push_back(std::move(identity));
            }
            into[key] = std::move(identities);
        }
        return {};
    });
}

IdentityPage new_page(const Identities& identities, int rank) {
    return {"inputs-" + uuid_v7() + ".json", static_cast<std::int64_t>(identities.size()), rank};
}

Status write_page(const delta::TableLocation& location, const IdentityPage& page,
                  const Identities& identities) {
    const std::string object = location.object(page_file(page));
    Status written = location.store->put(object, page_to_json(identities));
    // It may be there all the same. Nothing names it; what cannot be removed is for fsck.
    if (!written) static_cast<void>(location.store->remove(object));
    return written;
}

/// The last pages when there are kPagesPerMerge of one rank: their number, else 0.
std::size_t due_for_merge(const std::vector<IdentityPage>& pages) {
    if (pages.size() < kPagesPerMerge) return 0;
    const auto tail = pages.end() - kPagesPerMerge;
    const bool equal =
        std::all_of(tail, pages.end(), [&](const IdentityPage& p) { return p.rank == tail->rank; });
    return equal ? kPagesPerMerge : 0;
}

}  // namespace

std::string progress_file(std::int64_t number) {
    return fmt::format("{}{:020}.json", kFolder, number);
}

std::string page_file(const IdentityPage& page) {
    return std::string(kFolder) + page.file;
}

std::string_view window_state_name(WindowState state) {
    switch (state) {
        case WindowState::kDone:
            return "done";
        case WindowState::kEmpty:
            return "empty";
        case WindowState::kMissing:
            return "missing";
    }
    return "unknown";
}

bool operator==(const IdentityPage& a, const IdentityPage& b) {
    return a.file == b.file && a.keys == b.keys && a.rank == b.rank;
}

void Progress::record(const ProgressEntry& entry) {
    forget(entry.interval);
    const auto at = std::lower_bound(
        entries_.begin(), entries_.end(), entry.interval.start,
        [](const ProgressEntry& e, Timestamp start) { return e.interval.start < start; });
    entries_.insert(at, entry);
    coalesce();
}

void Progress::forget(const Interval& interval) {
    std::vector<ProgressEntry> kept;
    kept.reserve(entries_.size() + 1);
    for (const ProgressEntry& entry : entries_) {
        if (!entry.interval.overlaps(interval)) {
            kept.push_back(entry);
            continue;
        }
        if (entry.interval.start < interval.start) {
            kept.push_back(entry);
            kept.back().interval.end = interval.start;
        }
        if (interval.end < entry.interval.end) {
            kept.push_back(entry);
            kept.back().interval.start = interval.end;
        }
    }
    entries_ = std::move(kept);
}

void Progress::restamp(const IntervalSet& stale, const std::string& code_hash,
                       const InputVersions& inputs) {
    std::vector<ProgressEntry> stamped;
    for (const ProgressEntry& entry : entries_) {
        if (entry.code_hash != code_hash || entry.state == WindowState::kMissing) {
            stamped.push_back(entry);
            continue;
        }
        const IntervalSet whole({entry.interval});
        const IntervalSet untouched = whole.minus(stale);
        for (const Interval& fresh : untouched.intervals()) {
            stamped.push_back(entry);
            stamped.back().interval = fresh;
            stamped.back().inputs = inputs;
        }
        const IntervalSet touched = whole.intersected(stale);
        for (const Interval& old : touched.intervals()) {
            stamped.push_back(entry);
            stamped.back().interval = old;
        }
    }
    entries_ = std::move(stamped);
    std::sort(entries_.begin(), entries_.end(), [](const ProgressEntry& a, const ProgressEntry& b) {
        return a.interval.start < b.interval.start;
    });
    coalesce();
}

IntervalSet Progress::in_state(WindowState state) const {
    std::vector<Interval> intervals;
    for (const ProgressEntry& entry : entries_) {
        if (entry.state == state) intervals.push_back(entry.interval);
    }
    return IntervalSet(std::move(intervals));
}

void Progress::coalesce() {
    std::vector<ProgressEntry> merged;
    for (ProgressEntry& entry : entries_) {
        if (!merged.empty() && merged.back().interval.end == entry.interval.start) {
            ProgressEntry extended = merged.back();
            extended.interval = entry.interval;
            if (extended == entry) {
                merged.back().interval.end = entry.interval.end;
                continue;
            }
        }
        merged.push_back(std::move(entry));
    }
    entries_ = std::move(merged);
}

std::string Progress::to_json() const {
    Json json = {{"format", kFormatVersion}, {"windows", Json::array()}};
    for (const ProgressEntry& entry : entries_) json["windows"].push_back(entry_to_json(entry));
    if (whole_)
        json["whole"] = {{"code", whole_->code_hash}, {"inputs", inputs_to_json(whole_->inputs)}};
    if (!pages_.empty()) {
        json["input_pages"] = Json::array();
        for (const IdentityPage& page : pages_) {
            json["input_pages"].push_back(
                {{"file", page.file}, {"keys", page.keys}, {"rank", page.rank}});
        }
    }
    return json.dump(1);
}

Result<Progress> Progress::from_json(std::string_view text) {
    return guarded("progress file", [&]() -> Result<Progress> {
        const Json json = Json::parse(text);
        if (const int format = json.at("format").get<int>(); format != kFormatVersion) {
            return make_error(
                ErrorCode::kUnsupported,
                "the progress file has format {}, this Ingot knows {}: use a newer Ingot", format,
                kFormatVersion);
        }
        Progress progress;
        for (const Json& window : json.at("windows")) {
            INGOT_TRY_ASSIGN(ProgressEntry entry, entry_from_json(window));
            if (!progress.entries_.empty() &&
                entry.interval.start < progress.entries_.back().interval.end) {
                return make_error(ErrorCode::kCorruptData, "windows overlap at {}",
                                  entry.interval.to_string());
            }
            progress.entries_.push_back(std::move(entry));
        }
        if (json.contains("whole")) {
            const Json& whole = json.at("whole");
            INGOT_TRY_ASSIGN(InputVersions inputs, inputs_from_json(whole.at("inputs")));
            progress.whole_ = WholeBuild{whole.at("code").get<std::string>(), std::move(inputs)};
        }
        if (json.contains("input_pages")) {
            for (const Json& page : json.at("input_pages")) {
                progress.pages_.push_back(IdentityPage{page.at("file").get<std::string>(),
                                                       page.at("keys").get<std::int64_t>(),
                                                       page.at("rank").get<int>()});
            }
        }
        return progress;
    });
}

Result<StoredProgress> load_progress(const delta::Snapshot& snapshot) {
    const std::optional<std::int64_t> number = snapshot.txn(kProgressAppId);
    if (!number) return StoredProgress{};
    const std::string object = snapshot.location().object(progress_file(*number));
    Result<std::string> bytes = snapshot.location().store->read(object);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
        return make_error(ErrorCode::kCorruptData,
                          "{} is absent, but version {} of the table names it: restore the file, "
                          "or rebuild the table "
                          "with `ingot run --full`",
                          object, snapshot.version().value());
    }
    if (!bytes) return std::move(bytes).error();
    Result<Progress> progress = Progress::from_json(*bytes);
    if (!progress) return std::move(progress).error().with("while reading " + object);
    return StoredProgress{*number, *std::move(progress)};
}

Result<std::int64_t> write_progress(const delta::TableLocation& location, std::int64_t after,
                                    const Progress& progress) {
    const std::string bytes = progress.to_json();
    int unclear = 0;
    for (std::int64_t number = after + 1; number <= after + kNumberAttempts; ++number) {
        const Result<storage::PutOutcome> outcome =
            location.store->put_if_absent(location.object(progress_file(number)), bytes);
        if (outcome && *outcome == storage::PutOutcome::kCreated) return number;
        // Nothing names the file of an unclear write, whether it is there or not: take the next.
        if (!outcome && outcome.error().code != ErrorCode::kCommitUnknown) return outcome.error();
        unclear += outcome ? 0 : 1;
        if (unclear == kUnclearMax) {
            Error error = outcome.error();
            error.code = ErrorCode::kIo;
            return error;
        }
    }
    return make_error(ErrorCode::kIo,
                      "{}: {} progress files after number {} are taken by unfinished commits",
                      location.to_string(), kNumberAttempts, after);
}

Result<Identities> load_identities(const delta::TableLocation& location, const Progress& progress) {
    Identities identities;
    for (const IdentityPage& page : progress.pages())
        INGOT_TRY(read_page(location, page, identities));
    return identities;
}

Status append_identities(const delta::TableLocation& location, Progress& progress,
                         const Identities& added) {
    if (added.empty()) return {};
    Identities content = added;
    std::vector<IdentityPage> pages = progress.pages();
    pages.push_back(new_page(content, 0));
    // The last page is the one to write: what it takes in is merged first.
    while (const std::size_t count = due_for_merge(pages)) {
        Identities merged;
        const auto first = pages.end() - static_cast<std::ptrdiff_t>(count);
        for (auto each = first; each != pages.end() - 1; ++each)
            INGOT_TRY(read_page(location, *each, merged));
        for (auto& [key, files] : content) merged[key] = std::move(files);
        content = std::move(merged);
        const int rank = first->rank + 1;
        pages.erase(first, pages.end());
        pages.push_back(new_page(content, rank));
    }
    INGOT_TRY(write_page(location, pages.back(), content));
    progress.replace_pages(std::move(pages));
    return {};
}

}  // namespace ingot::publish
