/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/probe.h"
#include "suite/adapter/adapter.h"
#include "suite/runner/hello.h"
#include "suite/runner/probe_cases.h"
#include "suite/runner/process.h"

#include <errno.h>
#include <string.h>

static void print_stderr(struct lc_adapter *adapter, struct lc_console *console) {
    const char *text = lc_adapter_stderr(adapter);
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        lc_console_print(console, "  | %.*s", (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

static enum lc_probe broken(const struct lc_impl *impl, struct lc_console *console, const char *why) {
    lc_console_print(console, "the adapter is broken: %s: %s", lc_impl_given(impl), why);
    lc_console_print(console, "the implementation was not tested (ADAPTER.md describes the replies of an adapter)");
    return LC_PROBE_BROKEN;
}

/* ---------------------------------------------------------------- hello */

static const char *why_no_hello(struct lc_adapter *adapter, enum lc_outcome outcome) {
    return outcome == LC_BROKEN    ? lc_adapter_error(adapter)
           : outcome == LC_HUNG    ? "no reply to hello"
           : outcome == LC_CRASHED ? lc_adapter_exit_text(adapter)
                                   : "the result of hello is not ok";
}

static enum lc_probe receive_hello(struct lc_impl *impl, struct lc_adapter *adapter, struct lc_console *console) {
    const json_t *reply;
    enum lc_outcome outcome = lc_adapter_hello(adapter, &reply);
    if (outcome == LC_CRASHED && strcmp(lc_adapter_exit_text(adapter), "exited with 77") == 0) {
        print_stderr(adapter, console);
        return LC_PROBE_ABSENT;
    }
    const char *why = outcome == LC_OK ? lc_check_hello(reply) : why_no_hello(adapter, outcome);
    if (why != NULL) {
        (void)broken(impl, console, why);
        print_stderr(adapter, console);
        return LC_PROBE_BROKEN;
    }
    impl->hello = json_deep_copy(reply);
    return LC_PROBE_VALID;
}

static enum lc_probe probe_hello(struct lc_impl *impl, struct lc_console *console) {
    struct lc_adapter *adapter = lc_adapter_start(impl, "hello");
    if (adapter == NULL) {
        return broken(impl, console, strerror(errno));
    }
    enum lc_probe found = receive_hello(impl, adapter, console);
    if (found == LC_PROBE_VALID && !lc_adapter_stop(adapter)) {
        found = broken(impl, console, "the adapter does not exit after the end of its input");
    }
    lc_adapter_free(adapter);
    return found;
}

/* ---------------------------------------------------------------- cases */

static int first_provider(const struct lc_impl *impl) {
    for (int i = 0; i < LC_PROVIDERS; i++) {
        if (lc_impl_offers(impl, "providers", lc_provider_names[i])) {
            return i;
        }
    }
    return -1;
}

static enum lc_probe run_case(const struct lc_impl *impl, const struct lc_case_def *def, int provider,
                              struct lc_console *console) {
    const struct lc_run_options options = {impl, impl, 1};
    enum lc_probe found = LC_PROBE_VALID;
    json_t *result = lc_run_case(&options, def, (enum lc_provider)provider, def->id);
    if (strcmp(lc_result_string(result, "kind"), "broken") == 0) {
        char line[600];
        lc_result_one_line(result, line, sizeof line);
        found = broken(impl, console, line);
        json_object_set_new(result, "title", json_string(def->title));
        lc_console_explain(console, result);
    }
    json_decref(result);
    return found;
}

static enum lc_probe run_cases(const struct lc_impl *impl, const struct lc_case_def *defs, struct lc_console *console) {
    enum lc_probe found = LC_PROBE_VALID;
    int provider = first_provider(impl);
    for (const struct lc_case_def *def = defs; def->id != NULL && found == LC_PROBE_VALID; def++) {
        if (def->roles[0] == '\0' || (provider >= 0 && lc_impl_offers(impl, "roles", def->roles))) {
            found = run_case(impl, def, provider < 0 ? 0 : provider, console);
        }
    }
    return found;
}

enum lc_probe lc_probe_adapter(struct lc_impl *impl, struct lc_console *console) {
    enum lc_probe found = probe_hello(impl, console);
    if (found == LC_PROBE_VALID) {
        found = run_cases(impl, lc_smoke_cases, console);
    }
    return found == LC_PROBE_VALID ? run_cases(impl, lc_invalid_cases, console) : found;
}
