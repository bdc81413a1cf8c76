// The project format. Each key is said once, here: the reader, the JSON Schema and the reference
// follow from it.
#include "project/shape_internal.hpp"

namespace ingot::project {

namespace {

ShapePtr scalar(ScalarKind kind) {
    Shape shape;
    shape.kind = Shape::Kind::kScalar;
    shape.scalar = kind;
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr choice(std::vector<Choice> choices) {
    Shape shape;
    shape.kind = Shape::Kind::kChoice;
    shape.choices = std::move(choices);
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr list(ShapePtr element, std::size_t min_items = 0,
              std::size_t max_items = ~std::size_t{0}) {
    Shape shape;
    shape.kind = Shape::Kind::kList;
    shape.element = std::move(element);
    shape.min_items = min_items;
    shape.max_items = max_items;
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr map(ShapePtr element, ScalarKind key = ScalarKind::kText) {
    Shape shape;
    shape.kind = Shape::Kind::kMap;
    shape.element = std::move(element);
    shape.map_key = key;
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr object(std::string name, std::vector<Key> keys, std::vector<std::string> one = {}) {
    Shape shape;
    shape.kind = Shape::Kind::kObject;
    shape.name = std::move(name);
    shape.keys = std::move(keys);
    shape.one = std::move(one);
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr either(std::vector<ShapePtr> alternatives) {
    Shape shape;
    shape.kind = Shape::Kind::kEither;
    shape.alternatives = std::move(alternatives);
    return std::make_shared<const Shape>(std::move(shape));
}

ShapePtr any() {
    return std::make_shared<const Shape>();
}

Key key(std::string name, ShapePtr shape, std::string doc) {
    return {std::move(name), std::move(shape), std::move(doc)};
}

std::vector<Key> join(std::vector<Key> a, const std::vector<Key>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// The shapes that others are made of, made once.
struct Parts {
    ShapePtr text = scalar(ScalarKind::kText);
    ShapePtr identifier = scalar(ScalarKind::kIdentifier);
    ShapePtr integer = scalar(ScalarKind::kInteger);
    ShapePtr number = scalar(ScalarKind::kNumber);
    ShapePtr boolean = scalar(ScalarKind::kBoolean);
    ShapePtr duration = scalar(ScalarKind::kDuration);
    ShapePtr timestamp = scalar(ScalarKind::kTimestamp);
    ShapePtr share = scalar(ScalarKind::kShare);
    ShapePtr bytes = scalar(ScalarKind::kBytes);
    ShapePtr sql = scalar(ScalarKind::kSql);
    ShapePtr column = scalar(ScalarKind::kColumn);
    ShapePtr table = scalar(ScalarKind::kTable);
    ShapePtr type = scalar(ScalarKind::kType);
    ShapePtr templ = scalar(ScalarKind::kTemplate);
    ShapePtr window_unit = scalar(ScalarKind::kWindowUnit);
    ShapePtr timezone = scalar(ScalarKind::kTimezone);

    ShapePtr texts = list(text);
    ShapePtr tags = either({text, list(text)});
    ShapePtr columns_list = either({column, list(column, 1)});
    ShapePtr argv = list(templ, 1);
    ShapePtr named_templates = map(templ);
    ShapePtr selector = either({text, list(text, 1)});
    ShapePtr rows = list(map(any()));

    std::vector<Key> about = {
        key("tags", tags, "Words for selection: `tag:NAME`."),
        key("owner", text, "Who answers for it."),
        key("description", text, "What it is, for people."),
    };
    std::vector<Key> retry = {
        key("retries", integer, "How often a failed attempt is repeated."),
        key("retry_delay", duration, "Wait before the first repetition."),
        key("backoff", number, "Each wait is this many times the one before."),
    };

    ShapePtr rule =
        object("rule",
               {key("reason", text, "A short word that goes with the row to quarantine.").require(),
                key("when", sql, "SQL over the output columns; true for a bad row.").require()});
    ShapePtr rules = list(rule);

    std::vector<Key> check_options = {
        key("name", text, "Name in reports; made from kind and columns when absent."),
        key("on_fail", choice({{"fail", "Nothing is published."}, {"warn", "Reported."}}),
            "What a failure does; `fail` by default."),
        key("scope",
            choice({{"window", "The rows that this run brings."},
                    {"table", "The table as it will be."}}),
            "What is looked at; `window` by default."),
        key("where", sql, "SQL; only rows for which it is true are looked at."),
        key("description", text, "Why it matters."),
    };
    std::vector<Key> anomaly_keys = {
        key("metric", sql, "An aggregate; `count(*)` by default."),
        key("deviations", number, "Allowed distance from the mean, in standard deviations; 3."),
        key("history", integer, "How many earlier values count; 30."),
        key("min_history", integer, "Silent until so many exist; 7."),
    };
    ShapePtr row_count =
        object("row_count",
               {key("min", integer, "At least so many rows."), key("max", integer, "At most."),
                key("max_drop", share, "Largest allowed loss against the previous run: 90%."),
                key("max_growth", number, "Largest allowed growth as a share: 2.0 is +200%.")});

    ShapePtr column_check = object(
        "column check",
        join({key("not_null", boolean, "No value is null."),
              key("unique", boolean, "No value occurs twice."),
              key("accepted", list(any(), 1), "The values that may occur."),
              key("range", list(any(), 2, 2), "`[min, max]`, both included; `null` is no bound."),
              key("regex", text, "The whole value matches (RE2)."),
              key("length", list(any(), 2, 2), "`[min, max]` characters; `null` is no bound."),
              key("null_share", share, "At most this share of the values is null."),
              key("relationships",
                  object("relationships",
                         {key("to", table, "The table that holds the values.").require(),
                          key("column", column, "Its column; the same name by default.")}),
                  "Every value occurs in another table."),
              key("freshness", duration, "The newest value is at most this old.")},
             check_options),
        {"not_null", "unique", "accepted", "range", "regex", "length", "null_share",
         "relationships", "freshness"});
    ShapePtr column_checks = list(
        either({choice({{"not_null", "No value is null."}, {"unique", "No value occurs twice."}}),
                column_check}));

    ShapePtr table_check = object(
        "check",
        join({key("not_null", columns_list, "No value of these columns is null."),
              key("unique", columns_list, "No two rows share these columns."),
              key("accepted",
                  object("accepted", {key("column", column, "Column.").require(),
                                      key("values", list(any(), 1), "What may occur.").require()}),
                  "The values that may occur."),
              key("range",
                  object("range", {key("column", column, "Column.").require(),
                                   key("min", any(), "Smallest."), key("max", any(), "Largest.")}),
                  "Values lie between, both included."),
              key("regex",
                  object("regex", {key("column", column, "Column.").require(),
                                   key("pattern", text, "RE2, the whole value.").require()}),
                  "Values match."),
              key("length",
                  object("length",
                         {key("column", column, "Column.").require(),
                          key("min", integer, "Fewest characters."), key("max", integer, "Most.")}),
                  "Length of text."),
              key("null_share",
                  object("null_share", {key("column", column, "Column.").require(),
                                        key("max", share, "Largest share.").require()}),
                  "Share of nulls."),
              key("relationships",
                  object("relationships_of_table",
                         {key("columns", columns_list, "Columns here.").require(),
                          key("to", table, "The table that holds the values.").require(),
                          key("to_columns", columns_list, "Its columns; the same by default.")}),
                  "Every value occurs in another table."),
              key("row_count", row_count, "How many rows."),
              key("freshness",
                  object("freshness_check",
                         {key("column", column, "A timestamp or date.").require(),
                          key("max_age", duration, "Age of the newest value.").require()}),
                  "How old the newest value may be."),
              key("sql", sql,
                  "A boolean aggregate expression: `count(*) > 0.1 * $previous.row_count`."),
              key("query", sql, "A SELECT; each row that it returns is a failure."),
              key("anomaly", object("anomaly", anomaly_keys), "A value out of its habit.")},
             check_options),
        {"not_null", "unique", "accepted", "range", "regex", "length", "null_share",
         "relationships", "row_count", "freshness", "sql", "query", "anomaly"});
    ShapePtr table_checks = list(table_check);

    ShapePtr column_spec =
        either({type, object("column", {key("type", type, "SQL or Delta type."),
                                        key("expr", sql, "Sources: SQL over the record's fields."),
                                        key("required", boolean, "Never null."),
                                        key("description", text, "What it holds."),
                                        key("tags", tags, "Words, such as `pii`."),
                                        key("checks", column_checks, "Checks of this column.")})});
    ShapePtr columns = map(column_spec);

    ShapePtr retention = object("retention", {key("rows", duration, "Rows older are deleted."),
                                              key("files", duration, "Removed files are kept."),
                                              key("log", duration, "Log entries are kept.")});
    ShapePtr freshness = object("freshness", {key("warn", duration, "Older: a warning."),
                                              key("error", duration, "Older: a failure."),
                                              key("notify", text, "A name of `notify`.")});
};

ShapePtr format_shape(const Parts& p) {
    const std::vector<Key> common = {
        key("unknown_fields",
            choice({{"add", "A new column."},
                    {"ignore", "Left out."},
                    {"reject", "The record goes to quarantine."},
                    {"fail", "The load fails."}}),
            "Fields that no column names; `ignore` by default."),
        key("bad_row", choice({{"reject", "To quarantine."}, {"fail", "The load fails."}}),
            "A record that cannot be read; `reject` by default."),
        key("bad_value",
            choice({{"reject", "The record to quarantine."},
                    {"null", "The value is null."},
                    {"fail", "The load fails."}}),
            "A value that is not of its column's type; `reject` by default."),
        key("compression",
            choice({{"auto", "By name and first bytes."},
                    {"none", "As it is."},
                    {"gzip", "gzip"},
                    {"zstd", "zstd"}}),
            "`auto` by default."),
        key("max_record", p.bytes, "A longer record is a bad row; 1GiB.").later("max_record"),
        key("rename", map(p.column), "Field of the input: column."),
        key("refuse_when",
            list(object(
                "refusal",
                {key("has_field", p.text, "A field: `repository`, `actor.node_id`.").require(),
                 key("reason", p.text, "What goes with the record to quarantine.").require()})),
            "Records of another kind: those that have a field are rejected."),
    };
    const auto of = [&](const char* name, std::vector<Key> own) {
        return object(name, join(std::move(own), common));
    };
    const ShapePtr character = p.text;
    const ShapePtr names = choice({{"ndjson", "A JSON object per line."},
                                   {"json", "One JSON document, or several."},
                                   {"csv", "Delimited text."},
                                   {"parquet", "Parquet."},
                                   {"text", "A column `line`."},
                                   {"xml", "XML.", "format xml"},
                                   {"avro", "Avro.", "format avro"},
                                   {"protobuf", "Protobuf.", "format protobuf"}});
    const ShapePtr full = object(
        "format",
        {key("ndjson", of("ndjson", {}), "A JSON object per line."),
         key("json",
             of("json", {key("records", p.text, "Path to the records: `marches`, `data.items`.")}),
             "One JSON document, or several one after the other."),
         key("csv",
             of("csv", {key("delimiter", character, "One character; `,`."),
                        key("quote", character, "One character; `\"`."),
                        key("escape", character, "One character; `\"`."),
                        key("header", p.boolean, "The first line names the columns; true."),
                        key("trim_header", p.boolean, "Blanks around names are cut off; true."),
                        key("trim_values", p.boolean, "Blanks around values are cut off; false."),
                        key("skip_lines", p.integer, "Lines before the header; 0."),
                        key("encoding", choice({{"utf-8", ""}, {"latin-1", ""}, {"utf-16", ""}}),
                            "`utf-8` by default."),
                        key("null_values", p.texts, "Texts that mean null; the empty one."),
                        key("names", list(p.column, 1), "Column names, instead of a header.")}),
             "Delimited text."),
         key("parquet", of("parquet", {}), "Parquet."),
         key("text", of("text", {}), "A column `line`."),
         key("xml", of("xml", {key("row", p.text, "The element of a record.").require()}), "XML.")
             .later("format xml"),
         key("avro", of("avro", {key("schema", p.text, "A file.")}), "Avro.").later("format avro"),
         key("protobuf",
             of("protobuf", {key("descriptor", p.text, "A descriptor set.").require(),
                             key("message", p.text, "Its message.").require()}),
             "Protobuf.")
             .later("format protobuf")},
        {"ndjson", "json", "csv", "parquet", "text", "xml", "avro", "protobuf"});
    // A list: several forms of one input, told apart by the ending of its name.
    return either({names, full, list(either({names, full}), 1)});
}

ShapePtr emits_shape() {
    return choice({{"ndjson", "A JSON object per line."},
                   {"csv", "Delimited text."},
                   {"json", "A JSON document."},
                   {"arrow", "An Arrow stream."}});
}

ShapePtr origin_shape(const Parts& p) {
    const ShapePtr http =
        object("http request",
               {key("url", p.templ, "Address.").require(),
                key("method", choice({{"GET", ""}, {"POST", ""}}), "`GET` by default."),
                key("body", p.templ, "What is sent."),
                key("parts", p.table, "A seed: one request per row, as `{item.column}`."),
                key("rate", p.text, "At most so many requests: `10/s`, `100/m`."),
                key("next_page",
                    either({choice({{"link", "The Link header."}}),
                            object("next_page",
                                   {key("cursor", p.text, "Path to the next cursor in the reply."),
                                    key("page", p.boolean, "Pages are numbered from 1."),
                                    key("parameter", p.text, "Query parameter to set.").require()},
                                   {"cursor", "page"})}),
                    "How further pages are found."),
                key("headers", p.named_templates, "Request headers."),
                key("query", p.named_templates, "Query parameters."),
                key("secret_query", p.named_templates, "Query parameters that are never logged.")});
    return object(
        "from",
        join({key("files", p.templ,
                  "A file, a glob or a URL; the scheme decides: folder, http(s), s3."),
              key("http", http, "Requests to an API."),
              key("command", p.argv, "A program; its output is read."),
              key("delta", p.templ, "An existing Delta table, read where it is."),
              key("postgres",
                  object("postgres origin",
                         {key("connection", p.text, "Name of a connection.").require(),
                          key("table", p.text, "`schema.table`."), key("query", p.sql, "A SELECT."),
                          key("cursor", p.column, "A column that only grows.")},
                         {"table", "query"}),
                  "A PostgreSQL table.")
                  .later("from postgres"),
              key("kafka",
                  object("kafka origin",
                         {key("connection", p.text, "Name of a connection.").require(),
                          key("topic", p.text, "Topic.").require(),
                          key("start", p.text, "`earliest`, `latest` or a time.")}),
                  "A Kafka topic.")
                  .later("from kafka"),
              key("member", p.text, "Member (or glob) of an archive."),
              key("headers", p.named_templates, "`files` over HTTP: request headers."),
              key("emits", emits_shape(), "`command`: what it writes."),
              key("environment", p.named_templates, "`command`: variables of its environment."),
              key("timeout", p.duration, "Of one attempt."),
              key("on_failure",
                  object("on_failure", {key("notify", p.text, "A name of `notify`.").require()}),
                  "What its failure does, once no attempt is left.")},
             p.retry),
        {"files", "http", "command", "delta", "postgres", "kafka"});
}

std::vector<Key> source_table_keys(const Parts& p, const ShapePtr& format) {
    return {key("format", format, "How records are decoded."),
            key("columns", p.columns, "Column: type, or type and expression."),
            key("partition", p.columns_list, "Physical partition columns."),
            key("cluster", p.columns_list, "Columns that files are sorted by.").later("cluster"),
            key("reject", p.rules, "Rows that go to quarantine; the first match wins."),
            key("warn", p.rules, "Rows that are counted and kept."),
            key("checks", p.table_checks, "Checks of the table."),
            key("min_rows", p.integer, "Fewer rows are a failure."),
            key("retention", p.retention, "How long things are kept.").later("retention")};
}

ShapePtr source_shape(const Parts& p) {
    const ShapePtr format = format_shape(p);
    const ShapePtr one_of_tables = object(
        "source table",
        join(join({key("member", p.text, "Member of the archive.")}, source_table_keys(p, format)),
             {key("description", p.text, "What it is.")}));
    return object(
        "source",
        join(join({key("table", p.table, "The table that it fills."),
                   key("tables", map(one_of_tables, ScalarKind::kTable),
                       "Several tables from one archive."),
                   key("load",
                       choice({{"window", "Replaces what its window loaded."},
                               {"files", "Each new file once."},
                               {"snapshot", "The whole table; the same bytes are no commit."},
                               {"append", "Adds what comes."},
                               {"stream", "Without end.", "load: stream"}}),
                       "How loads add up. Not for `delta`."),
                   key("window", p.window_unit, "The unit of progress; for `load: window`."),
                   key("timezone", p.timezone, "Where windows are cut; `defaults.timezone`."),
                   key("start", p.timestamp, "Start of the first window; `defaults.start`."),
                   key("from", origin_shape(p), "Where the rows come from.").require(),
                   key("missing",
                       object("missing",
                              {key("allow", p.share,
                                   "Share of a run's windows whose input may be absent."),
                               key("retry_for", p.duration, "Later runs look again for so long.")}),
                       "Windows without input. All missing is always a failure."),
                   key("freshness", p.freshness, "How old the newest load may be."),
                   key("commit",
                       object("commit", {key("every", p.duration, "Time."),
                                         key("rows", p.text, "Rows: `500k`.")}),
                       "Streams: when to commit.")
                       .later("load: stream")},
                  source_table_keys(p, format)),
             p.about),
        {"table", "tables"});
}

ShapePtr model_shape(const Parts& p) {
    const ShapePtr duplicates = either(
        {choice({{"error", "Two rows of one key fail the run."},
                 {"newest", "The greatest `order_by` stays."}}),
         object("duplicates",
                {key("keep", p.sql, "ORDER BY list; its first row stays.").require(),
                 key("others",
                     choice({{"reject", "To quarantine."}, {"drop", "Dropped and counted."}}),
                     "What becomes of the others; `drop` by default."),
                 key("reason", p.text, "`DUPLICATE` by default.")})});
    const ShapePtr requirement =
        object("requirement", {key("windows", p.text, "`>= 12 of 24`: done windows."),
                               key("max_age", p.duration, "Age of its newest version."),
                               key("min_rows", p.integer, "Rows of its current version.")});
    const ShapePtr test = object(
        "test",
        {key("name", p.text, "A claim: `drops duplicates`.").require(),
         key("given", map(p.rows, ScalarKind::kTable), "Rows of the inputs; others are empty."),
         key("existing", p.rows, "Rows of the table before."),
         key("expect", p.rows, "Rows after; only the columns named are compared.").require(),
         key("rejected", p.rows, "Rejected rows, `_reject_reason` among the columns."),
         key("params", map(any(), ScalarKind::kIdentifier), "Parameters for this test."),
         key("window", p.text, "`2015-01-01` or `START..END`."),
         key("run_time", p.timestamp, "`$run.time`.")});
    return object(
        "model",
        join(
            {key("kind",
                 choice({{"view", "No table: the SELECT is put in where it is used."},
                         {"table", "Rebuilt whole."},
                         {"incremental", "Rows of the window are replaced."},
                         {"merge", "Upsert by key."},
                         {"append", "Adds rows."},
                         {"scd2", "Keeps the history of each key."},
                         {"seed", "A file of `seeds/`; not written here."},
                         {"stream", "Without end.", "kind: stream"},
                         {"command", "The SELECT's rows go through a program."}}),
                 "How the table comes about; `view` by default."),
             key("name", p.templ, "Instead of the file's name; for `matrix`: `trends_{days}d`."),
             key("matrix", map(list(any(), 1), ScalarKind::kIdentifier),
                 "One model per combination of values."),
             key("key", p.columns_list, "What identifies a row."),
             key("order_by", p.columns_list,
                 "merge, scd2: stored; an incoming row wins only when it is >= the stored one."),
             key("time", p.column,
                 "incremental, command: the column that says in which window a row is. scd2: since "
                 "when it holds; without it, since the run that saw it."),
             key("deletes",
                 choice({{"ignore", "Its last version stays current."},
                         {"close", "Its last version ends at `$run.time`."}}),
                 "scd2: a key that the SELECT no longer returns; `ignore` by default."),
             key("window", p.window_unit,
                 "The unit of progress; taken from the inputs by default."),
             key("timezone", p.timezone, "Where windows are cut."),
             key("start", p.timestamp, "Start of the first window; `defaults.start`."),
             key("late",
                 choice({{"reprocess", "Its window becomes stale."},
                         {"quarantine", "Rejected.", "late: quarantine"},
                         {"ignore", "Left out."}}),
                 "Data that comes after its window was done; `reprocess` by default."),
             key("on_schema_change",
                 choice({{"fail", "The run fails."},
                         {"add", "New columns are added."},
                         {"widen", "And types grow."},
                         {"rebuild", "The table is built anew."}}),
                 "When the SELECT's columns differ from the table's; `fail` by default."),
             key("on_code_change",
                 choice({{"forward", "From the next window on."},
                         {"rebuild", "All windows become stale."}}),
                 "When the code differs; `rebuild` by default."),
             key("reject", p.rules, "Rows that go to quarantine; the first match wins."),
             key("warn", p.rules, "Rows that are counted and kept."),
             key("duplicates", duplicates, "Rows that share the key; `error` by default."),
             key("columns", p.columns, "The contract: these columns, with these types."),
             key("checks", p.table_checks, "Checks of the table."),
             key("requires", map(requirement, ScalarKind::kTable),
                 "What must hold of an input before a run."),
             key("retention", p.retention, "How long things are kept.").later("retention"),
             key("tests", list(test), "Unit tests, run in memory by `ingot test`."),
             key("partition", p.columns_list, "Physical partition columns."),
             key("cluster", p.columns_list, "Columns that files are sorted by.").later("cluster"),
             key("allow_empty", p.boolean, "Zero rows are no failure."),
             key("command", p.argv, "kind command: the program and its arguments."),
             key("emits", emits_shape(), "kind command: what it writes; `ndjson` by default."),
             key("environment", p.named_templates, "kind command: variables."),
             key("timeout", p.duration, "kind command: how long the program may run.")},
            p.about));
}

ShapePtr seed_shape(const Parts& p) {
    return object("seed", join({key("columns", p.columns, "Column: type."),
                                key("key", p.columns_list, "What identifies a row."),
                                key("checks", p.table_checks, "Checks of the table.")},
                               p.about));
}

ShapePtr table_check_shape(const Parts& p) {
    return object("table check",
                  {key("on_fail", choice({{"fail", "The check fails."}, {"warn", "Reported."}}),
                       "`fail` by default."),
                   key("description", p.text, "Why it matters."),
                   key("tags", p.tags, "Words for selection.")});
}

ShapePtr param_shape(const Parts& p) {
    const ShapePtr types = choice({{"string", ""},
                                   {"integer", ""},
                                   {"number", ""},
                                   {"boolean", ""},
                                   {"array", ""},
                                   {"object", ""}});
    return object(
        "param",
        {key("type", types, "JSON Schema's type.").require(),
         key("default", any(), "Without one, the parameter must be given."),
         key("enum", list(any(), 1), "The values that are allowed."),
         key("format", choice({{"date", ""}, {"date-time", ""}, {"uri", ""}}), "string: its form."),
         key("pattern", p.text, "string: a regular expression, found anywhere."),
         key("minimum", p.number, "Smallest number."), key("maximum", p.number, "Largest number."),
         key("items", object("items", {key("type", types, "Type of the elements.").require()}),
             "array: its elements."),
         key("description", p.text, "What it is.")});
}

ShapePtr connection_shape(const Parts& p, bool type_required) {
    const std::string name = type_required ? "connection" : "connection change";
    Key type = key("type",
                   choice({{"postgres", "PostgreSQL."},
                           {"kafka", "Kafka."},
                           {"s3", "An object store."},
                           {"http", "An HTTP API."},
                           {"smtp", "Mail."}}),
                   "What it is.");
    if (type_required) type = std::move(type).require();
    const ShapePtr field = p.templ;
    const ShapePtr fields = either({field, list(field, 1)});
    return object(name, {std::move(type),
                         key("host", field, "postgres, smtp."),
                         key("port", field, "postgres, smtp."),
                         key("database", field, "postgres."),
                         key("user", field, "postgres, kafka, http, smtp."),
                         key("password", field, "A secret: `$secret.NAME`."),
                         key("sslmode", field, "postgres."),
                         key("brokers", fields, "kafka: host:port."),
                         key("registry", field, "kafka: the schema registry."),
                         key("security", field,
                             "kafka: `plaintext`, `ssl`, `sasl_ssl`. smtp: `starttls` (default), "
                             "`tls` (default of port 465), `none`."),
                         key("mechanism", field, "kafka: `scram-sha-512` and so on."),
                         key("url", field, "http."),
                         key("token", field, "http: a secret."),
                         key("endpoint", field, "s3."),
                         key("region", field, "s3."),
                         key("access_key", field, "s3."),
                         key("secret_key", field, "s3: a secret."),
                         key("path_style", field, "s3."),
                         key("from", field, "smtp: the sender."),
                         key("ca", field, "A file of certificates.")});
}

ShapePtr project_shape(const Parts& p) {
    const ShapePtr on_off = p.boolean;
    const ShapePtr environment = object(
        "environment",
        {key("lake", p.templ, "Where its tables lie."),
         key("read_from", p.text, "Names that are not built here resolve to that environment's."),
         key("params", map(any(), ScalarKind::kIdentifier), "Values of parameters."),
         key("connections", map(connection_shape(p, false)), "Fields that differ here."),
         key("exports", on_off, "Whether exports run."),
         key("notify", on_off, "Whether anybody is told."),
         key("confirm", p.boolean, "Commands that change it ask for --yes.")});
    const ShapePtr receiver =
        object("receiver",
               {key("webhook", p.templ, "The message as JSON is posted to this address."),
                key("slack", p.templ, "A webhook of Slack, or of what understands its messages."),
                key("email", either({p.text, list(p.text, 1)}), "Addresses."),
                key("command", p.argv, "A program; it gets the message as JSON."),
                key("headers", p.named_templates, "webhook: request headers."),
                key("connection", p.text, "email: the smtp connection.")},
               {"webhook", "slack", "email", "command"});
    const ShapePtr statsd =
        object("statsd",
               {key("host", p.templ, "Name or address; where it comes out empty, nothing is sent.")
                    .require(),
                key("port", p.templ, "8125 by default."),
                key("prefix", p.text, "What all names begin with; `airflow` by default."),
                key("tags",
                    choice({{"none", "Ids stand in names only."},
                            {"influxdb", "As Telegraf reads them: `task.duration,dag_id=a:1|ms`."},
                            {"datadog", "As DogStatsD has them: `task.duration:1|ms|#dag_id:a`."}}),
                    "How tags are written; `none` by default."),
                key("constant_tags", map(p.text, ScalarKind::kIdentifier),
                    "influxdb, datadog: sent with every number.")});
    return object(
        "project",
        {key("name", p.identifier, "Name of the project.").require(),
         key("description", p.text, "What it is."),
         key("lake", p.templ, "Folder or s3:// prefix of the tables; `./lake` by default."),
         key("params", map(param_shape(p), ScalarKind::kIdentifier),
             "Parameters, typed as in JSON Schema."),
         key("defaults",
             object("defaults", join({key("start", p.timestamp, "Start of the first window."),
                                      key("timezone", p.timezone, "Where windows are cut; UTC.")},
                                     p.retry)),
             "What holds where nothing else is said."),
         key("environments", map(environment, ScalarKind::kIdentifier), "Chosen by --env."),
         key("connections", map(connection_shape(p, true), ScalarKind::kIdentifier),
             "Places outside, by name."),
         key("secrets",
             object("secrets", {key("from", p.texts, "`env`, `file:.env`, in order.").require()}),
             "Where `$secret.NAME` is looked up; environment and .env by default."),
         key("pools", map(p.integer, ScalarKind::kIdentifier), "Name: slots."),
         key("store", p.text, "The metadata store; `.ingot/state.db` by default."),
         key("engine",
             object("engine", {key("memory", p.text, "`60%` of the machine, or `4GB`."),
                               key("threads", either({choice({{"auto", "All cores."}}), p.integer}),
                                   "Threads of the engine; `auto`."),
                               key("spill", p.text,
                                   "Folder in which each process has its own; `.ingot/spill`.")}),
             "Resources."),
         key("on_failure",
             object("on_failure", {key("notify", p.text, "A name of `notify`.").require()}),
             "What a failed run does, unless its pipeline says it."),
         key("notify", map(receiver, ScalarKind::kIdentifier), "Who can be told."),
         key("metrics",
             object("metrics", {key("statsd", statsd,
                                    "Sends Airflow's metrics over UDP: docs/guide/metrics.md.")
                                    .require()}),
             "Where numbers go."),
         key("server",
             object("server", {key("listen", p.text, "`127.0.0.1:8080`."),
                               key("auth", any(), "Who may come in.")}),
             "The server.")
             .later("server")});
}

ShapePtr pipeline_shape(const Parts& p) {
    const ShapePtr outside = object("schedule_on",
                                    {key("file", p.templ, "A glob: new or changed files."),
                                     key("webhook", p.boolean, "`true`: calls from outside.")},
                                    {"file", "webhook"});
    const ShapePtr days = either({p.text, list(p.text, 1)});
    const ShapePtr calendar =
        object("calendar", {key("only", days, "`weekdays`, `weekends`, `mon`, dates: on these."),
                            key("except", days, "The same words: not on these.")});
    const ShapePtr schedule = either(
        {p.text,
         object(
             "schedule",
             {key("cron", either({p.text, list(p.text, 1)}),
                  "Five fields or `@daily`; of several, each ticks."),
              key("every", p.duration, "A period."),
              key("on", either({p.text, outside}),
                  "Changed tables: `bronze.posts & bronze.users`, also with `| cron(\"0 6 * * "
                  "*\")`; "
                  "or `file`, or `webhook`."),
              key("timezone", p.timezone, "Of cron lines, of the calendar's days and of `anchor`."),
              key("anchor", p.timestamp, "every: one of the ticks; `1970-01-01` by default."),
              key("calendar", calendar, "cron, every: on which days.")},
             {"cron", "every", "on"})});
    const ShapePtr export_item =
        object("export", {key("from", p.table, "A table.").require(),
                          key("to", p.templ,
                              "`connection.schema.table`, or a path that ends in `.parquet`, "
                              "`.csv`, `.json`, `.ndjson`.")
                              .require(),
                          key("mode",
                              choice({{"append", "Adds the rows that are new."},
                                      {"overwrite", "Replaces all rows."},
                                      {"upsert", "Replaces rows of the same key, adds others."}}),
                              "`overwrite` by default; a file is always replaced."),
                          key("columns", p.columns_list, "Only these, in this order."),
                          key("key", p.columns_list, "Its primary key; upsert needs one."),
                          key("indexes", list(p.columns_list, 1),
                              "An index for each: a column, or a list of them.")});
    const ShapePtr statements =
        object("statements", {key("connection", p.text, "One of type postgres.").require(),
                              key("run", p.sql, "Statements, in one transaction.").require()});
    const std::vector<Key> http_answer = {
        key("headers", p.named_templates, "Sent along."),
    };
    const ShapePtr statuses = either({p.integer, list(p.integer, 1)});
    const ShapePtr http = object(
        "http",
        join({key("url", p.templ, "http or https.").require(),
              key("method",
                  choice({{"GET", ""}, {"POST", ""}, {"PUT", ""}, {"PATCH", ""}, {"DELETE", ""}}),
                  "`GET` by default."),
              key("body", p.templ, "What is sent."),
              key("expect_status", statuses, "What is well; 200 to 299."),
              key("idempotency_key", p.templ,
                  "Sent as `Idempotency-Key`, so that it may be sent again; `auto`: of run, task "
                  "and item.")},
             http_answer));
    const ShapePtr sensor = object(
        "sensor",
        join({key("file", p.templ, "A path or glob, from the project's folder: one is there."),
              key("sql", p.sql, "A SELECT: a row whose first value is not false, 0 or null."),
              key("http", p.templ, "A URL: its answer is as it should be."),
              key("command", p.argv, "Exit code 0."), key("status", statuses, "http: 200 to 299."),
              key("contains", p.templ, "http: the answer has this text.")},
             http_answer),
        {"file", "sql", "http", "command"});
    const ShapePtr branch =
        object("branch",
               {key("sql", p.sql, "A SELECT: its first column names them, a row each."),
                key("command", p.argv, "Writes `{\"next\": [...]}` to the file `INGOT_OUTPUT`.")},
               {"sql", "command"});
    const ShapePtr isolation =
        choice({{"thread", "In the process that carries the run out."},
                {"process",
                 "In one of its own: its crash ends nothing else, and it outlives who began it."}});
    const ShapePtr task = object(
        "task",
        join(
            {key("ingest", p.selector, "Loads these sources."),
             key("models", p.selector, "Builds these models."),
             key("check", p.selector, "Runs checks of these tables."),
             key("export", list(export_item, 1), "Writes tables elsewhere, in one transaction."),
             key("sql", either({p.sql, statements}),
                 "A SELECT over the lake, its rows for the log; or statements on a connection."),
             key("command", p.argv, "Runs a program."),
             key("http", http, "Calls a service."),
             key("sensor", sensor, "Asks until something is there; holds no slot between."),
             key("branch", branch, "Chooses which of the tasks right after it go on."),
             key("maintain",
                 object("maintain", {key("select", p.selector, "Tables.").require(),
                                     key("optimize", p.boolean, "Joins small files."),
                                     key("vacuum", p.boolean, "Deletes unused files.")}),
                 "Looks after tables."),
             key("after", either({p.text, list(p.text)}), "Tasks that come before."),
             key("when",
                 choice({{"success", "They succeeded."},
                         {"done", "They ended."},
                         {"failed", "One failed; at once."},
                         {"all_failed", "They failed."},
                         {"all_skipped", "They were skipped."},
                         {"always", "At once, whatever they do."},
                         {"one_success", "One succeeded; at once."},
                         {"one_done", "One succeeded or failed; at once."},
                         {"none_failed", "They succeeded or were skipped."},
                         {"none_skipped", "They ended, and none was skipped."},
                         {"none_failed_min_one_success",
                          "They succeeded or were skipped, not all of them skipped."},
                         {"all_done_min_one_success",
                          "They ended, none was skipped, and one succeeded."},
                         {"all_success", "`success` in the words of Airflow."},
                         {"all_done", "`done` in the words of Airflow."},
                         {"one_failed", "`failed` in the words of Airflow."}}),
                 "When it runs; `success` by default."),
             key("on_fail",
                 choice({{"fail", "The run fails, and what comes after does not run."},
                         {"warn", "It is noted; the run goes on as if it had succeeded."}}),
                 "`fail` by default."),
             key("pool", p.text, "Takes a slot of this pool."),
             key("priority", p.integer, "The highest goes first where slots are short; 0."),
             key("isolation", isolation, "Where it is carried out; the pipeline's, or `thread`."),
             key("each", either({list(any(), 1), p.templ}),
                 "One copy per item, as `{item}`; `\"{tasks.NAME.KEY}\"`: those that a task gave."),
             key("max_items", p.integer,
                 "each of a task: more items fail it; 1024, at most 100000."),
             key("environment", p.named_templates, "command: variables."),
             key("skip_exit_code", p.integer,
                 "command: this exit code means skipped; 99, and 0 for none."),
             key("every", p.duration, "sensor: between two checks; 1m."),
             key("timeout", p.duration, "Of one attempt; of a sensor, over all its checks."),
             key("on_timeout", choice({{"fail", "It fails."}, {"skip", "It is skipped."}}),
                 "sensor: `fail` by default."),
             key("on_failure",
                 object("on_failure", {key("notify", p.text, "A name of `notify`.").require()}),
                 "What its failure does, once no attempt is left.")},
            p.retry),
        {"ingest", "models", "check", "export", "sql", "command", "http", "sensor", "branch",
         "maintain"});
    return object(
        "pipeline",
        join({key("schedule", schedule, "`5 * * * *`, `every 5m`, `on:`. None: by hand."),
              key("timezone", p.timezone, "Of windows and cron; `defaults.timezone`."),
              key("window", p.window_unit, "A tick owns the last window that is over."),
              key("catchup",
                  choice({{"none", "Never."}, {"latest", "The last one."}, {"all", "All."}}),
                  "Ticks that were missed; `latest` by default."),
              key("deadline",
                  object("deadline",
                         {key("within", p.duration, "Time.").require(),
                          key("after",
                              choice({{"queued", "It was asked for."},
                                      {"scheduled", "The end of its window, or its tick."},
                                      {"started", "It began."},
                                      {"average", "It began, and the average of its last runs."}}),
                              "`queued` by default."),
                          key("runs", p.integer, "average: of how many successful runs; 10."),
                          key("notify", p.text, "Who is told.")}),
                  "By when a run must be done."),
              key("limits",
                  object("limits", {key("active_runs", p.integer, "Runs at a time; 1."),
                                    key("active_tasks", p.integer, "Tasks of a run at a time.")}),
                  "How much at a time."),
              key("isolation", isolation, "Of its tasks that say nothing else."),
              key("backfill",
                  object("backfill",
                         {key("order", choice({{"oldest_first", ""}, {"newest_first", ""}}),
                              "`oldest_first` by default."),
                          key("active_runs", p.integer, "At a time; 1."),
                          key("redo", choice({{"none", ""}, {"failed", ""}, {"all", ""}}),
                              "`none` by default.")}),
                  "How history is filled."),
              key("publish",
                  choice({{"each", "Every table when it is ready."},
                          {"together", "All tables of the run, after all were checked."}}),
                  "`each` by default."),
              key("params", map(param_shape(p), ScalarKind::kIdentifier), "Further parameters."),
              key("tasks", map(task, ScalarKind::kIdentifier), "Name: task.").require(),
              key("on_failure",
                  object("on_failure", {key("notify", p.text, "A name of `notify`.").require()}),
                  "What a failed run does.")},
             p.about));
}

}  // namespace

const FormatShapes& format_shapes() {
    static const FormatShapes shapes = [] {
        const Parts parts;
        return FormatShapes{project_shape(parts), source_shape(parts),      model_shape(parts),
                            seed_shape(parts),    table_check_shape(parts), pipeline_shape(parts)};
    }();
    return shapes;
}

}  // namespace ingot::project
