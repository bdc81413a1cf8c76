#include <algorithm>
#include <nanoarrow/ipc/flatcc_generated.h>

#include "format/arrow_types_internal.hpp"

namespace ingot::format {
namespace {

constexpr std::size_t kPrefixBytes = 8;
constexpr std::string_view kIncomplete = "a header lacks a part";

std::string_view problem_of_rows(org_apache_arrow_flatbuf_RecordBatch_table_t batch);
std::string_view problem_of_schema(org_apache_arrow_flatbuf_Schema_table_t schema);

}  // namespace

std::string_view arrow_message_problem(std::span<const std::byte> header) {
    const auto message =
        org_apache_arrow_flatbuf_Message_as_root(header.subspan(kPrefixBytes).data());
    if (message == nullptr) return kIncomplete;
    const auto part = org_apache_arrow_flatbuf_Message_header(message);
    if (part == nullptr) return kIncomplete;
    switch (org_apache_arrow_flatbuf_Message_header_type(message)) {
        case org_apache_arrow_flatbuf_MessageHeader_Schema:
            return problem_of_schema(static_cast<org_apache_arrow_flatbuf_Schema_table_t>(part));
        case org_apache_arrow_flatbuf_MessageHeader_RecordBatch:
            return problem_of_rows(static_cast<org_apache_arrow_flatbuf_RecordBatch_table_t>(part));
        case org_apache_arrow_flatbuf_MessageHeader_DictionaryBatch:
            return problem_of_rows(org_apache_arrow_flatbuf_DictionaryBatch_data(
                static_cast<org_apache_arrow_flatbuf_DictionaryBatch_table_t>(part)));
        default:
            return {};
    }
}

ArrowDictionaryMessage arrow_dictionary_message(std::span<const std::byte> header) {
    const auto message =
        org_apache_arrow_flatbuf_Message_as_root(header.subspan(kPrefixBytes).data());
    const auto rows = org_apache_arrow_flatbuf_DictionaryBatch_data(
        static_cast<org_apache_arrow_flatbuf_DictionaryBatch_table_t>(
            org_apache_arrow_flatbuf_Message_header(message)));
    ArrowDictionaryMessage found;
    found.parts.nodes = org_apache_arrow_flatbuf_FieldNode_vec_len(
        org_apache_arrow_flatbuf_RecordBatch_nodes(rows));
    found.parts.buffers =
        org_apache_arrow_flatbuf_Buffer_vec_len(org_apache_arrow_flatbuf_RecordBatch_buffers(rows));
    found.is_packed = org_apache_arrow_flatbuf_RecordBatch_compression_is_present(rows) != 0;
    return found;
}

namespace {

std::string_view problem_of_rows(org_apache_arrow_flatbuf_RecordBatch_table_t batch) {
    if (batch == nullptr) return kIncomplete;
    const auto fits = [](std::int64_t rows) { return rows >= 0 && rows <= kArrowRowsMax; };
    bool all_fit = fits(org_apache_arrow_flatbuf_RecordBatch_length(batch));
    const auto nodes = org_apache_arrow_flatbuf_RecordBatch_nodes(batch);
    for (std::size_t i = 0; i < org_apache_arrow_flatbuf_FieldNode_vec_len(nodes); ++i) {
        const auto* node = org_apache_arrow_flatbuf_FieldNode_vec_at(nodes, i);
        all_fit = all_fit && fits(org_apache_arrow_flatbuf_FieldNode_length(node));
    }
    return all_fit ? std::string_view() : "a column has no rows that can be counted";
}

bool is_whole(org_apache_arrow_flatbuf_KeyValue_vec_t metadata) {
    for (std::size_t i = 0; i < org_apache_arrow_flatbuf_KeyValue_vec_len(metadata); ++i) {
        const auto pair = org_apache_arrow_flatbuf_KeyValue_vec_at(metadata, i);
        if (org_apache_arrow_flatbuf_KeyValue_key(pair) == nullptr ||
            org_apache_arrow_flatbuf_KeyValue_value(pair) == nullptr) {
            return false;
        }
    }
    return true;
}

bool are_whole(org_apache_arrow_flatbuf_Field_vec_t fields) {
    for (std::size_t i = 0; i < org_apache_arrow_flatbuf_Field_vec_len(fields); ++i) {
        const auto field = org_apache_arrow_flatbuf_Field_vec_at(fields, i);
        if (org_apache_arrow_flatbuf_Field_type(field) == nullptr) return false;
        if (!is_whole(org_apache_arrow_flatbuf_Field_custom_metadata(field))) return false;
        const auto dictionary = org_apache_arrow_flatbuf_Field_dictionary(field);
        if (dictionary != nullptr &&
            org_apache_arrow_flatbuf_DictionaryEncoding_indexType(dictionary) == nullptr) {
            return false;
        }
        if (!are_whole(org_apache_arrow_flatbuf_Field_children(field))) return false;
    }
    return true;
}

std::string_view problem_of_schema(org_apache_arrow_flatbuf_Schema_table_t schema) {
    const bool whole = are_whole(org_apache_arrow_flatbuf_Schema_fields(schema)) &&
                       is_whole(org_apache_arrow_flatbuf_Schema_custom_metadata(schema));
    return whole ? std::string_view() : kIncomplete;
}

}  // namespace
}  // namespace ingot::format
