#include "base/check.hpp"
#include "delta/checkpoint_schema_internal.hpp"

namespace ingot::delta {
namespace {

DataType text_map() {
    return DataType::map(TypeId::kString, TypeId::kString);
}

Field column(std::string name, std::vector<Field> members) {
    return Field{std::move(name), DataType::structure(std::move(members))};
}

Field deletion_vector() {
    return column("deletionVector", {{"storageType", TypeId::kString},
                                     {"pathOrInlineDv", TypeId::kString},
                                     {"offset", TypeId::kInteger},
                                     {"sizeInBytes", TypeId::kInteger},
                                     {"cardinality", TypeId::kLong}});
}

}  // namespace

Field checkpoint_column(std::string_view name) {
    if (name == "txn") {
        return column("txn", {{"appId", TypeId::kString},
                              {"version", TypeId::kLong},
                              {"lastUpdated", TypeId::kLong}});
    }
    if (name == "add") {
        return column("add", {{"path", TypeId::kString},
                              {"partitionValues", text_map()},
                              {"size", TypeId::kLong},
                              {"modificationTime", TypeId::kLong},
                              {"dataChange", TypeId::kBoolean},
                              {"stats", TypeId::kString},
                              {"tags", text_map()},
                              deletion_vector(),
                              {"baseRowId", TypeId::kLong},
                              {"defaultRowCommitVersion", TypeId::kLong},
                              {"clusteringProvider", TypeId::kString}});
    }
    if (name == "remove") {
        return column("remove", {{"path", TypeId::kString},
                                 {"deletionTimestamp", TypeId::kLong},
                                 {"dataChange", TypeId::kBoolean},
                                 {"extendedFileMetadata", TypeId::kBoolean},
                                 {"partitionValues", text_map()},
                                 {"size", TypeId::kLong},
                                 {"tags", text_map()},
                                 deletion_vector(),
                                 {"baseRowId", TypeId::kLong},
                                 {"defaultRowCommitVersion", TypeId::kLong}});
    }
    if (name == "metaData") {
        return column("metaData",
                      {{"id", TypeId::kString},
                       {"name", TypeId::kString},
                       {"description", TypeId::kString},
                       column("format", {{"provider", TypeId::kString}, {"options", text_map()}}),
                       {"schemaString", TypeId::kString},
                       {"partitionColumns", DataType::array(TypeId::kString)},
                       {"configuration", text_map()},
                       {"createdTime", TypeId::kLong}});
    }
    if (name == "protocol") {
        return column("protocol", {{"minReaderVersion", TypeId::kInteger},
                                   {"minWriterVersion", TypeId::kInteger},
                                   {"readerFeatures", DataType::array(TypeId::kString)},
                                   {"writerFeatures", DataType::array(TypeId::kString)}});
    }
    if (name == "domainMetadata") {
        return column("domainMetadata", {{"domain", TypeId::kString},
                                         {"configuration", TypeId::kString},
                                         {"removed", TypeId::kBoolean}});
    }
    if (name == "sidecar") {
        return column("sidecar", {{"path", TypeId::kString},
                                  {"sizeInBytes", TypeId::kLong},
                                  {"modificationTime", TypeId::kLong}});
    }
    check_failed(__FILE__, __LINE__, "a column of a checkpoint", name);
}

Schema checkpoint_schema() {
    Schema schema;
    for (const char* name : {"txn", "add", "remove", "metaData", "protocol", "domainMetadata"}) {
        schema.fields.push_back(checkpoint_column(name));
    }
    return schema;
}

}  // namespace ingot::delta
