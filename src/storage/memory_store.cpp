#include "storage/memory_store.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "base/guarded.hpp"

namespace ingot::storage {

namespace {

struct StoredObject {
    std::shared_ptr<const std::string> bytes;
    Timestamp modified;
    std::uint64_t generation = 0;
};

struct SpaceContent {
    std::map<std::string, StoredObject, std::less<>> objects;
    std::uint64_t generations = 0;

    void store(std::string key, std::string_view bytes) {
        objects.insert_or_assign(std::move(key),
                                 StoredObject{std::make_shared<const std::string>(bytes),
                                              system_clock().now(), ++generations});
    }
};

using Space = Guarded<SpaceContent>;

class MemoryStore final : public ObjectStore {
public:
    MemoryStore(std::shared_ptr<Space> space, std::string folder, std::string uri)
        : space_(std::move(space)), folder_(std::move(folder)), uri_(std::move(uri)) {}

    const std::string& uri() const override { return uri_; }

    Result<std::vector<ObjectInfo>> list(std::string_view prefix,
                                         std::string_view start_after) const override {
        INGOT_TRY(check_object_prefix(prefix));
        const std::string key_prefix = key(prefix);
        const std::string key_after = key(start_after);
        auto content = space_->lock();
        auto at = start_after.empty() || key_after < key_prefix
                      ? content->objects.lower_bound(key_prefix)
                      : content->objects.upper_bound(key_after);
        std::vector<ObjectInfo> found;
        for (; at != content->objects.end() && at->first.starts_with(key_prefix); ++at) {
            found.push_back(object_info(at->first.substr(folder_.size()), at->second));
        }
        return found;
    }

    Result<ObjectInfo> head(std::string_view path) const override {
        INGOT_TRY_ASSIGN(const StoredObject object, find(path));
        return object_info(std::string(path), object);
    }

    Result<std::string> read(std::string_view path) const override {
        INGOT_TRY_ASSIGN(const StoredObject object, find(path));
        return *object.bytes;
    }

    Result<std::string> read_range(std::string_view path, std::uint64_t offset,
                                   std::uint64_t length) const override {
        INGOT_TRY_ASSIGN(const StoredObject object, find(path));
        if (offset >= object.bytes->size()) return std::string();
        return object.bytes->substr(offset, length);
    }

    Status put(std::string_view path, std::string_view bytes) override {
        INGOT_TRY(check_object_path(path));
        space_->lock()->store(key(path), bytes);
        return {};
    }

    Result<PutOutcome> put_if_absent(std::string_view path, std::string_view bytes) override {
        INGOT_TRY(check_object_path(path));
        auto content = space_->lock();
        if (content->objects.contains(key(path))) return PutOutcome::kExists;
        content->store(key(path), bytes);
        return PutOutcome::kCreated;
    }

    Result<std::unique_ptr<ObjectWriter>> create(std::string_view path) override {
        INGOT_TRY(check_object_path(path));
        return std::unique_ptr<ObjectWriter>(std::make_unique<Writer>(space_, key(path)));
    }

    Status remove(std::string_view path) override {
        INGOT_TRY(check_object_path(path));
        space_->lock()->objects.erase(key(path));
        return {};
    }

    std::optional<std::string> local_path(std::string_view) const override { return std::nullopt; }

private:
    class Writer final : public ObjectWriter {
    public:
        Writer(std::shared_ptr<Space> space, std::string key)
            : space_(std::move(space)), key_(std::move(key)) {}
        Status append(std::string_view bytes) override {
            bytes_ += bytes;
            return {};
        }
        Status finish() override {
            space_->lock()->store(key_, bytes_);
            return {};
        }

    private:
        std::shared_ptr<Space> space_;
        std::string key_;
        std::string bytes_;
    };

    std::string key(std::string_view path) const { return folder_ + std::string(path); }

    Result<StoredObject> find(std::string_view path) const {
        INGOT_TRY(check_object_path(path));
        auto content = space_->lock();
        const auto at = content->objects.find(key(path));
        if (at == content->objects.end()) {
            return make_error(ErrorCode::kNotFound, "cannot read {}/{}: no such object", uri_,
                              path);
        }
        return at->second;
    }

    static ObjectInfo object_info(std::string path, const StoredObject& object) {
        return {std::move(path), object.bytes->size(), object.modified,
                std::to_string(object.generation)};
    }

    std::shared_ptr<Space> space_;
    std::string folder_;  // Empty or ends in `/`.
    std::string uri_;
};

std::shared_ptr<Space> space_named(std::string_view name) {
    static Guarded<std::map<std::string, std::shared_ptr<Space>, std::less<>>> spaces;
    auto known = spaces.lock();
    auto at = known->find(name);
    if (at == known->end()) at = known->emplace(name, std::make_shared<Space>()).first;
    return at->second;
}

}  // namespace

Result<std::shared_ptr<ObjectStore>> open_memory_store(std::string_view name) {
    std::string uri = fmt::format("memory://{}", name);
    if (name.ends_with('/')) name.remove_suffix(1);
    INGOT_TRY_WITH(check_object_path(name), fmt::format("in the store '{}'", uri));
    const std::size_t slash = std::min(name.find('/'), name.size());
    std::string folder(name.substr(std::min(slash + 1, name.size())));
    if (!folder.empty()) folder += '/';
    return std::shared_ptr<ObjectStore>(std::make_shared<MemoryStore>(
        space_named(name.substr(0, slash)), std::move(folder), std::move(uri)));
}

}  // namespace ingot::storage
