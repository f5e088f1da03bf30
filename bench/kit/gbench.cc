/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// The C ABI of gbench.h over Google Benchmark, for the library's releases 1.6 to 1.9.
#include "kit/gbench.h"

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace {

using Run = benchmark::BenchmarkReporter::Run;

benchmark::State &real(gbench_state *state) {
    return *reinterpret_cast<benchmark::State *>(state);
}

// Up to release 1.7 a failed run has error_occurred and error_message, from 1.8 on skipped and skip_message. Overload
// resolution chooses the function whose fields exist, and the one with `int` if both do.
template <typename R> auto error_of(const R &run, int) -> decltype(run.error_occurred, std::string()) {
    return run.error_occurred ? run.error_message : std::string();
}

template <typename R> auto error_of(const R &run, long) -> decltype(run.skip_message, std::string()) {
    return run.skip_message;
}

// Passes results to a C callback and prints nothing.
class CallbackReporter : public benchmark::BenchmarkReporter {
  public:
    CallbackReporter(gbench_report_fn report, void *context) : report_(report), context_(context) {}

    bool ReportContext(const Context &) override {
        return true;
    }

    void ReportRuns(const std::vector<Run> &runs) override {
        for (const Run &run : runs) {
            const std::string name = run.run_name.function_name; // as registered
            const std::string error = error_of(run, 0);
            const double iterations = run.iterations > 0 ? static_cast<double>(run.iterations) : 1.0;
            gbench_result result{};
            result.name = name.c_str();
            result.ns = run.real_accumulated_time * 1e9 / iterations;
            result.iterations = run.iterations;
            result.error = error.empty() ? nullptr : error.c_str();
            report_(context_, &result);
        }
    }

  private:
    gbench_report_fn report_;
    void *context_;
};

// Static arguments, because the library keeps a pointer to the program's name.
void initialize(const std::string &out_flag) {
    static std::vector<std::string> arguments;
    arguments = {"llmp-bench", out_flag, "--benchmark_out_format=json"};
    std::vector<char *> argv;
    for (std::string &argument : arguments) {
        argv.push_back(&argument[0]);
    }
    int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    benchmark::Initialize(&argc, argv.data());
}

} // namespace

extern "C" void gbench_register(const char *name, gbench_fn function, void *context, const gbench_options *options) {
    auto *made = benchmark::RegisterBenchmark(name, [function, context](benchmark::State &state) {
        function(reinterpret_cast<gbench_state *>(&state), context);
    });
    if (options != nullptr && options->manual_time) {
        made->UseManualTime();
    } else {
        made->UseRealTime();
    }
    if (options != nullptr && options->min_seconds > 0) {
        made->MinTime(options->min_seconds);
    }
}

extern "C" void gbench_clear(void) {
    benchmark::ClearRegisteredBenchmarks();
}

extern "C" void gbench_run(gbench_report_fn report, void *context, const char *json_path) {
    CallbackReporter reporter(report, context);
    if (json_path == nullptr) {
        benchmark::RunSpecifiedBenchmarks(&reporter);
        return;
    }
    initialize(std::string("--benchmark_out=") + json_path);
    benchmark::RunSpecifiedBenchmarks(&reporter);
}

extern "C" int gbench_main(int argc, char **argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}

extern "C" bool gbench_keep_running(gbench_state *state) {
    return real(state).KeepRunning();
}

extern "C" void gbench_set_seconds(gbench_state *state, double seconds) {
    real(state).SetIterationTime(seconds);
}

extern "C" void gbench_set_bytes(gbench_state *state, uint64_t bytes) {
    real(state).SetBytesProcessed(static_cast<int64_t>(bytes));
}

extern "C" uint64_t gbench_iterations(const gbench_state *state) {
    return static_cast<uint64_t>(reinterpret_cast<const benchmark::State *>(state)->iterations());
}

extern "C" void gbench_fail(gbench_state *state, const char *error) {
    real(state).SkipWithError(error);
}
