#include "delta/replay_internal.hpp"

namespace ingot::delta {

Status LogReplay::add_commit(const LogText& text) {
    // Within a commit the last line wins too.
    for (auto line = text.lines().rbegin(); line != text.lines().rend(); ++line) {
        INGOT_TRY_ASSIGN(auto parsed, parse_line(parser_, text, *line));
        if (parsed.add != nullptr) {
            const auto& vector = parsed.add->deletion_vector;
            if (seen.insert(keys_.key(parsed.add->path, vector ? &*vector : nullptr))) {
                builder_.add(*parsed.add);
            }
        }
        if (parsed.action) keep_newest(std::move(*parsed.action));
    }
    is_tip_ = false;
    return {};
}

void LogReplay::add_checkpoint_file(const AddView& add) {
    const auto& vector = add.deletion_vector;
    if (!seen.contains(keys_.key(add.path, vector ? &*vector : nullptr))) builder_.add(add);
}

void LogReplay::add_checkpoint_action(Action action) {
    keep_newest(std::move(action));
}

void LogReplay::close_segment() {
    if (auto segment = builder_.finish()) segments.push_back(std::move(segment));
}

void LogReplay::keep_newest(Action action) {
    if (auto* remove = std::get_if<Remove>(&action)) {
        const auto& vector = remove->deletion_vector;
        seen.insert(keys_.key(remove->path, vector ? &*vector : nullptr));
    } else if (auto* newest_protocol = std::get_if<Protocol>(&action)) {
        if (!protocol) protocol = std::move(*newest_protocol);
    } else if (auto* newest_metadata = std::get_if<Metadata>(&action)) {
        if (!metadata) metadata = std::move(*newest_metadata);
    } else if (auto* txn = std::get_if<Txn>(&action)) {
        std::string id = txn->app_id;
        txns.try_emplace(std::move(id), std::move(*txn));
    } else if (auto* domain = std::get_if<DomainMetadata>(&action)) {
        std::string name = domain->domain;
        domains.try_emplace(std::move(name), std::move(*domain));
    } else if (auto* info = std::get_if<CommitInfo>(&action)) {
        if (is_tip_) tip_info = std::move(*info);
    }
}

}  // namespace ingot::delta
