#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <map>

#include "base/log.hpp"
#include "base/process.hpp"
#include "ingest/command_status.hpp"
#include "ingest/finders_internal.hpp"
#include "ingest/input_folder.hpp"

namespace ingot::ingest {
namespace {

constexpr Duration kDelayMax = std::chrono::minutes(5);

/// `timeout` and the rest of the policy apply to each attempt and the waits between them.
Duration delay_before(const project::RetryPolicy& retry, int repetition) {
    const double seconds = std::chrono::duration<double>(retry.delay).count() *
                           std::pow(retry.backoff, repetition - 1);
    return std::min<Duration>(
        kDelayMax, std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)));
}

class CommandOutput final : public InputFinder {
public:
    CommandOutput(const project::Source& source, const project::CommandOrigin& origin,
                  const InputContext& context)
        : source_(source), origin_(origin), context_(context) {}

    Result<std::optional<std::vector<Input>>> list() override {
        if (source_.load == project::LoadKind::kWindow) return std::optional<std::vector<Input>>();
        INGOT_TRY_ASSIGN(Input whole, look_up(std::nullopt));
        return std::optional(std::vector<Input>{std::move(whole)});
    }

    Result<Input> find(const Interval& window) override { return look_up(window); }

    Fetched fetch(std::vector<Input> inputs) override {
        Fetched fetched;
        for (Input& input : inputs) {
            const std::string key = input.key;
            Result<Input> done = fetch_one(std::move(input));
            if (!done) {
                fetched.failed.push_back(key);
                fetched.error = std::move(done).error();
                break;
            }
            kept_.keep(*done);
            fetched.inputs.push_back(*std::move(done));
        }
        return fetched;
    }

    void release(const std::vector<Input>& inputs) override { kept_.release(inputs); }

    std::size_t fetch_max() const override { return 96; }

private:
    /// The command line; nothing but a reason when a date in it does not exist.
    Result<std::variant<std::vector<std::string>, project::NoSuchDate>> arguments_of(
        const std::optional<Interval>& window) const {
        const project::TemplateContext render = render_context(context_, source_, window);
        std::vector<std::string> arguments;
        for (const project::Template& part : origin_.argv) {
            INGOT_TRY_ASSIGN(const project::Rendered rendered, part.render(render));
            if (const auto* absent = std::get_if<project::NoSuchDate>(&rendered)) {
                return std::variant<std::vector<std::string>, project::NoSuchDate>(*absent);
            }
            arguments.push_back(std::get<std::string>(rendered));
        }
        return std::variant<std::vector<std::string>, project::NoSuchDate>(std::move(arguments));
    }

    Result<Input> look_up(const std::optional<Interval>& window) const {
        Input input;
        input.key = window ? window->start.to_string() : std::string(kWholeKey);
        input.window = window;
        INGOT_TRY_ASSIGN(const auto arguments, arguments_of(window));
        if (const auto* absent = std::get_if<project::NoSuchDate>(&arguments)) {
            input.skipped = absent->reason;
            return input;
        }
        input.found = true;
        for (const std::string& argument : std::get<std::vector<std::string>>(arguments)) {
            input.looked_for += (input.looked_for.empty() ? "" : " ") + argument;
        }
        input.looked_for = mask_secrets(input.looked_for);
        return input;
    }

    Result<Input> fetch_one(Input input) {
        if (std::optional<Input> kept = kept_.find(input)) return *std::move(kept);
        if (!folder_) {
            INGOT_TRY_ASSIGN(InputFolder folder,
                             InputFolder::open(context_.cache_dir, source_.name));
            folder_.emplace(std::move(folder));
        }
        const std::string name = fmt::format("{} {}", source_.name, input.key);
        const std::string file = folder_->file_for(name, name);
        INGOT_TRY(run_with_retries(input, file));

        publish::InputIdentity identity;
        identity.name = name;
        INGOT_TRY_ASSIGN(identity.sha256, file_sha256(file));
        std::error_code error;
        identity.size = std::filesystem::file_size(file, error);
        if (error) return make_error(ErrorCode::kIo, "cannot read {}: {}", file, error.message());
        input.files = {{file, name, compression_of(source_.format), {}}};
        input.identities = {std::move(identity)};
        input.unchanged = same_bytes(input.before, input.identities);
        return input;
    }

    Status run_with_retries(const Input& input, const std::string& file) {
        for (int repetition = 1;; ++repetition) {
            Status done = run_once(input, file);
            if (done) return done;
            remove_kept(file);
            const bool again =
                repetition <= origin_.retry.retries &&
                (done.error().code == ErrorCode::kIo || done.error().code == ErrorCode::kTimeout);
            if (!again) return done;
            log_warning("{}; trying again", done.error().message);
            INGOT_TRY(wait(delay_before(origin_.retry, repetition)));
        }
    }

    Status run_once(const Input& input, const std::string& file) {
        INGOT_TRY_ASSIGN(auto arguments, arguments_of(input.window));
        ProcessOptions options;
        options.arguments = std::get<std::vector<std::string>>(std::move(arguments));
        const project::TemplateContext render = render_context(context_, source_, input.window);
        for (const auto& [name, value] : origin_.environment) {
            INGOT_TRY_ASSIGN(std::string text, value.render_text(render));
            options.environment[name] = std::move(text);
        }
        options.folder = context_.project.root;
        options.output = StreamFile{file};
        StreamTail errors;
        options.error_output = StreamTo{std::ref(errors)};
        if (origin_.retry.timeout) options.timeout = *origin_.retry.timeout;
        INGOT_TRY_ASSIGN_WITH(const ExitStatus status, run_process(options, context_.stop),
                              "while running " + input.looked_for);
        return command_status(input.looked_for, status, errors.text());
    }

    Status wait(Duration delay) {
        constexpr Duration kStep = std::chrono::milliseconds(100);
        for (Duration waited{}; waited < delay; waited += kStep) {
            if (context_.stop.stop_requested()) {
                return make_error(ErrorCode::kCancelled, "cancelled between two attempts");
            }
            context_.clock.sleep_for(std::min(kStep, delay - waited));
        }
        return {};
    }

    const project::Source& source_;
    const project::CommandOrigin& origin_;
    InputContext context_;
    std::optional<InputFolder> folder_;
    KeptInputs kept_;
};

}  // namespace

std::unique_ptr<InputFinder> find_command_output(const project::Source& source,
                                                 const project::CommandOrigin& origin,
                                                 const InputContext& context) {
    return std::make_unique<CommandOutput>(source, origin, context);
}

}  // namespace ingot::ingest
