#pragma once
#include "format/csv_fields_internal.hpp"
#include "format/json_shape_internal.hpp"

namespace ingot::format {

/// What a field's text could be read as. Quoted text stays text.
Shape csv_shape(const CsvField& field);

/// The type for all fields seen; CSV has no JSON text, so what fits nothing else is a string.
inline InferredType csv_type(const Shape& shape) {
    const InferredType type = shape.type();
    return type.is_json ? InferredType{TypeId::kString} : type;
}

}  // namespace ingot::format
