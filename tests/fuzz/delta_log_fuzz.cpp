// Any bytes as the log of a table, parted by the byte 0: the table opens or the log is refused, and
// an open table answers every question about its schema, files and history. A part is a commit;
// after the byte 1 a checkpoint of the version before it, after the byte 2 a compaction of the next
// two versions.
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "delta/commit.hpp"
#include "delta/snapshot.hpp"

namespace {

using ingot::ErrorCode;
using ingot::Result;
using ingot::Schema;

/// There is no Parquet here: a log that needs a checkpoint is refused.
class NoParquet final : public ingot::delta::ParquetIo {
public:
    Result<std::unique_ptr<ingot::BatchReader>> read(const ingot::storage::ObjectStore& /*store*/,
                                                     std::string_view path,
                                                     const Schema& /*wanted*/) override {
        return refuse(path);
    }
    Result<Schema> schema(const ingot::storage::ObjectStore& /*store*/,
                          std::string_view path) override {
        return refuse(path);
    }
    Result<std::uint64_t> write(ingot::storage::ObjectStore& /*store*/, std::string_view path,
                                const Schema& /*schema*/, ingot::BatchReader& /*rows*/) override {
        return refuse(path);
    }

private:
    static ingot::Error refuse(std::string_view path) {
        return ingot::make_error(ErrorCode::kUnsupported, "no Parquet: {}", path);
    }
};

/// Takes the byte that says what the part is, and counts the versions that it makes.
std::string file_name(std::int64_t& version, std::string_view& part) {
    const char kind = part.empty() ? '\0' : part.front();
    if (kind == 1 && version > 0) {
        part.remove_prefix(1);
        return fmt::format("{:020}.checkpoint.0a83e8b0-7026-4e79-81be-64bd76c43a11.json",
                           version - 1);
    }
    if (kind == 2) {
        part.remove_prefix(1);
        version += 2;
        return fmt::format("{:020}.{:020}.compacted.json", version - 2, version - 1);
    }
    return fmt::format("{:020}.json", version++);
}

void write_log(ingot::storage::ObjectStore& store, std::string_view bytes) {
    std::int64_t version = 0;
    do {
        const auto end = bytes.find('\0');
        auto part = bytes.substr(0, end);
        const auto name = file_name(version, part);
        INGOT_CHECK(store.put("t/_delta_log/" + name, part).has_value(), name);
        bytes = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
    } while (!bytes.empty());
}

void remove_all(ingot::storage::ObjectStore& store) {
    const auto objects = store.list("");
    INGOT_CHECK(objects.has_value(), "a memory store lists");
    for (const auto& object : *objects) {
        INGOT_CHECK(store.remove(object.path).has_value(), object.path);
    }
}

void ask_everything(const ingot::delta::TableLocation& table,
                    const ingot::delta::Snapshot& snapshot) {
    const auto text = ingot::delta::schema_to_json(snapshot.schema());
    const auto schema = ingot::delta::schema_from_json(text);
    INGOT_CHECK(schema.has_value() && *schema == snapshot.schema(), text);
    for (const auto file : snapshot.files().all()) {
        static_cast<void>(snapshot.data_file_path(file));
        static_cast<void>(snapshot.deleted_rows(file));
        static_cast<void>(snapshot.files().add(file));
    }
    static_cast<void>(ingot::delta::read_history(table, 10));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto store = *ingot::storage::open_store("memory://fuzz");
    write_log(*store, std::string_view(reinterpret_cast<const char*>(data), size));
    NoParquet parquet;
    const ingot::delta::TableLocation table{store, "t"};
    if (const auto snapshot = ingot::delta::open_snapshot(table, parquet)) {
        ask_everything(table, **snapshot);
    }
    remove_all(*store);
    return 0;
}
