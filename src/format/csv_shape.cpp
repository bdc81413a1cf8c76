#include "format/csv_shape_internal.hpp"

namespace ingot::format {

Shape csv_shape(const CsvField& field) {
    Shape shape;
    if (field.quoted || field.text.empty()) {
        shape.observe_text();
    } else {
        shape.observe_scalar(field.text);
    }
    return shape;
}

}  // namespace ingot::format
