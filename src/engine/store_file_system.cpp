#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/errors_internal.hpp"
#include "engine/store_file_system_internal.hpp"

namespace ingot::engine {
namespace {

constexpr std::string_view kScheme = "ingot-store://";

struct StoreHandle final : duckdb::FileHandle {
    StoreHandle(duckdb::FileSystem& system, const std::string& file_path,
                duckdb::FileOpenFlags open_flags, StoreRegistry::Place where)
        : FileHandle(system, file_path, open_flags), place(std::move(where)) {}

    /// Dropping a handle must not publish what it wrote: only Close does.
    ~StoreHandle() override = default;

    void Close() override {
        if (writer) {
            auto finished = writer->finish();
            writer.reset();
            value_or_throw(std::move(finished));
        }
    }

    StoreRegistry::Place place;
    storage::ObjectInfo info;
    std::unique_ptr<storage::ObjectWriter> writer;
    std::uint64_t position = 0;
};

StoreHandle& as_store(duckdb::FileHandle& handle) {
    return static_cast<StoreHandle&>(handle);
}

class StoreFileSystem final : public duckdb::FileSystem {
public:
    explicit StoreFileSystem(std::shared_ptr<StoreRegistry> registry)
        : registry_(std::move(registry)) {}

    std::string GetName() const override { return "IngotStoreFileSystem"; }
    bool CanHandleFile(const std::string& path) override { return path.starts_with(kScheme); }
    bool CanSeek() override { return true; }
    /// Reads are remote: the engine then caches and coalesces them.
    bool OnDiskFile(duckdb::FileHandle&) override { return false; }

    duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
        const std::string& path, duckdb::FileOpenFlags flags,
        duckdb::optional_ptr<duckdb::FileOpener>) override {
        auto place = registry_->resolve(path);
        auto handle = duckdb::make_uniq<StoreHandle>(*this, path, flags, std::move(place));
        if (flags.OpenForWriting()) {
            INGOT_CHECK(handle->place.writable != nullptr, "the store was leased for reading only");
            handle->writer = value_or_throw(handle->place.writable->create(handle->place.object));
            return handle;
        }
        auto info = handle->place.store->head(handle->place.object);
        if (!info && info.error().code == ErrorCode::kNotFound && flags.ReturnNullIfNotExists()) {
            return nullptr;
        }
        handle->info = value_or_throw(std::move(info));
        return handle;
    }

    void Read(duckdb::FileHandle& handle, void* buffer, int64_t size,
              duckdb::idx_t location) override {
        auto& file = as_store(handle);
        const auto wanted = static_cast<std::size_t>(size);
        const auto bytes =
            value_or_throw(file.place.store->read_range(file.place.object, location, wanted));
        if (bytes.size() != wanted) {
            throw_error(make_error(
                ErrorCode::kCorruptData, "{} ends after {} bytes where {} more were expected",
                file.place.object, location + bytes.size(), wanted - bytes.size()));
        }
        std::memcpy(buffer, bytes.data(), wanted);
    }

    int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t size) override {
        auto& file = as_store(handle);
        const auto left = file.info.size - std::min(file.position, file.info.size);
        const auto take = std::min<std::uint64_t>(left, static_cast<std::uint64_t>(size));
        if (take > 0) {
            Read(handle, buffer, static_cast<int64_t>(take), file.position);
        }
        file.position += take;
        return static_cast<int64_t>(take);
    }

    void Write(duckdb::FileHandle& handle, void* buffer, int64_t size,
               duckdb::idx_t location) override {
        if (location != as_store(handle).position) {
            throw_error(Error{ErrorCode::kInternal, "objects are written from start to end", {}});
        }
        Write(handle, buffer, size);
    }

    int64_t Write(duckdb::FileHandle& handle, void* buffer, int64_t size) override {
        auto& file = as_store(handle);
        value_or_throw(file.writer->append(
            {static_cast<const char*>(buffer), static_cast<std::size_t>(size)}));
        file.position += static_cast<std::uint64_t>(size);
        return size;
    }

    int64_t GetFileSize(duckdb::FileHandle& handle) override {
        const auto& file = as_store(handle);
        return static_cast<int64_t>(file.writer ? file.position : file.info.size);
    }
    duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override {
        return duckdb::timestamp_t(as_store(handle).info.modified.micros());
    }
    std::string GetVersionTag(duckdb::FileHandle& handle) override {
        return as_store(handle).info.etag;
    }
    duckdb::FileType GetFileType(duckdb::FileHandle&) override {
        return duckdb::FileType::FILE_TYPE_REGULAR;
    }
    /// Closing makes an object durable; before that there is nothing to see.
    void FileSync(duckdb::FileHandle&) override {}
    void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override {
        as_store(handle).position = location;
    }
    void Reset(duckdb::FileHandle& handle) override { Seek(handle, 0); }
    duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override {
        return as_store(handle).position;
    }
    bool FileExists(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
        const auto place = registry_->resolve(path);
        auto info = place.store->head(place.object);
        if (!info && info.error().code != ErrorCode::kNotFound) {
            throw_error(info.error());
        }
        return info.has_value();
    }
    void RemoveFile(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override {
        const auto place = registry_->resolve(path);
        INGOT_CHECK(place.writable != nullptr, "the store was leased for reading only");
        value_or_throw(place.writable->remove(place.object));
    }
    bool TryRemoveFile(const std::string& path,
                       duckdb::optional_ptr<duckdb::FileOpener> opener) override {
        RemoveFile(path, opener);
        return true;
    }
    /// Stores have no folders.
    bool DirectoryExists(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
        return false;
    }
    void CreateDirectory(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {}
    duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& pattern,
                                              duckdb::FileOpener*) override {
        return {duckdb::OpenFileInfo(pattern)};
    }

private:
    std::shared_ptr<StoreRegistry> registry_;
};

}  // namespace

StoreRegistry::Lease::~Lease() {
    registry_->state_.lock()->entries.erase(number_);
}

std::string StoreRegistry::Lease::path(std::string_view object) const {
    return fmt::format("{}{}/{}", kScheme, number_, object);
}

std::uint64_t StoreRegistry::add(Entry entry) {
    auto state = state_.lock();
    state->entries.emplace(state->next, entry);
    return state->next++;
}

std::unique_ptr<StoreRegistry::Lease> StoreRegistry::lease(
    const std::shared_ptr<StoreRegistry>& registry, const storage::ObjectStore& store) {
    return std::make_unique<Lease>(registry, registry->add({&store, nullptr}));
}

std::unique_ptr<StoreRegistry::Lease> StoreRegistry::lease(
    const std::shared_ptr<StoreRegistry>& registry, storage::ObjectStore& store) {
    return std::make_unique<Lease>(registry, registry->add({&store, &store}));
}

StoreRegistry::Place StoreRegistry::resolve(const std::string& path) const {
    std::uint64_t number = 0;
    const auto* begin = path.data() + kScheme.size();
    const auto parsed = std::from_chars(begin, path.data() + path.size(), number);
    auto state = state_.lock();
    const auto found = state->entries.find(number);
    if (parsed.ec != std::errc() || found == state->entries.end() ||
        parsed.ptr == path.data() + path.size()) {
        throw_error(make_error(ErrorCode::kNotFound, "{} is no file of an open store", path));
    }
    return Place{found->second.store, found->second.writable,
                 std::string(parsed.ptr + 1, path.data() + path.size())};
}

duckdb::unique_ptr<duckdb::FileSystem> make_store_file_system(
    std::shared_ptr<StoreRegistry> registry) {
    return duckdb::make_uniq<StoreFileSystem>(std::move(registry));
}

std::string readable_path(const storage::ObjectStore& store, const StoreRegistry::Lease& lease,
                          std::string_view object) {
    if (auto local = store.local_path(object)) {
        return *local;
    }
    return lease.path(object);
}

}  // namespace ingot::engine
