/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/probe.h"
#include "suite/kit/case_internal.h"
#include "suite/runner/process.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* ---------------------------------------------------------------- what hello says */

static bool is_name(const char *name) {
    static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return name && name[0] && name[0] != '.' && strlen(name) < 64 && name[strspn(name, good)] == '\0';
}

static bool is_list(const json_t *list, const char *const *known) {
    size_t at;
    json_t *each;
    bool good = json_is_array(list);
    json_array_foreach(list, at, each) {
        const char *name = json_string_value(each);
        bool found = name && !known;
        for (const char *const *word = known; name && word && *word; word++) {
            found = found || strcmp(*word, name) == 0;
        }
        good = good && found;
    }
    return good;
}

const char *lc_probe_hello(const json_t *hello) {
    static const char *const roles[] = {"sender", "receiver", "broker", "client", "b2b", "service", "provider", NULL};
    static const char *const providers[] = {"sysv", "posix", "memfd", "ashmem", "win32", "served", "nop", NULL};
    const json_t *size = json_object_get(hello, "page_size");
    if (json_integer_value(json_object_get(hello, "adapter")) != 1) {
        return "hello: `adapter` is not 1, the version of ADAPTER.md";
    }
    if (!is_name(json_string_value(json_object_get(hello, "name")))) {
        return "hello: `name` is no short file name in lower case";
    }
    if (!json_is_string(json_object_get(hello, "implementation"))) {
        return "hello: no string `implementation`";
    }
    if (!is_list(json_object_get(hello, "roles"), roles)) {
        return "hello: `roles` is no list of roles that ADAPTER.md knows";
    }
    if (!is_list(json_object_get(hello, "providers"), providers)) {
        return "hello: `providers` is no list of providers that ADAPTER.md knows";
    }
    if (!json_is_integer(size) || json_integer_value(size) < 0) {
        return "hello: no number `page_size`";
    }
    return is_list(json_object_get(hello, "options"), NULL) ? NULL : "hello: `options` is no list of names";
}

/* ---------------------------------------------------------------- asking */

static void say_stderr(struct lc_adapter *adapter, struct lc_console *console) {
    const char *said = lc_adapter_stderr(adapter);
    while (*said) {
        size_t length = strcspn(said, "\n");
        lc_console_print(console, "  | %.*s", (int)length, said);
        said += length + (said[length] == '\n');
    }
}

static enum lc_probe broken(const struct lc_impl *impl, struct lc_console *console, const char *why) {
    lc_console_print(console, "the adapter is broken: %s: %s", impl->folder ? impl->folder : impl->command, why);
    lc_console_print(console, "nothing is said about the implementation (ADAPTER.md says what an adapter answers)");
    return LC_PROBE_BROKEN;
}

static const char *why_not(struct lc_adapter *adapter, enum lc_outcome outcome) {
    return outcome == LC_BROKEN    ? lc_adapter_error(adapter)
           : outcome == LC_HUNG    ? "no answer to hello"
           : outcome == LC_CRASHED ? lc_adapter_exit_text(adapter)
                                   : "hello is not answered with ok";
}

static enum lc_probe greet(struct lc_impl *impl, struct lc_adapter *adapter, struct lc_console *console) {
    const json_t *reply;
    lc_adapter_send(adapter, "hello", json_pack("{s:i}", "adapter", 1));
    lc_adapter_set_timeout(adapter, LC_HELLO_MS);
    enum lc_outcome outcome = lc_adapter_receive(adapter, &reply);
    if (outcome == LC_CRASHED && strcmp(lc_adapter_exit_text(adapter), "exited with 77") == 0) {
        say_stderr(adapter, console);
        return LC_PROBE_ABSENT;
    }
    const char *why = outcome == LC_OK ? lc_probe_hello(reply) : why_not(adapter, outcome);
    if (why) {
        broken(impl, console, why);
        say_stderr(adapter, console);
        return LC_PROBE_BROKEN;
    }
    impl->hello = json_deep_copy(reply);
    return LC_PROBE_GOOD;
}

static enum lc_probe ask_hello(struct lc_impl *impl, struct lc_console *console) {
    struct lc_adapter *adapter = lc_adapter_start(impl, "hello");
    if (!adapter) {
        return broken(impl, console, strerror(errno));
    }
    enum lc_probe found = greet(impl, adapter, console);
    if (found == LC_PROBE_GOOD && !lc_adapter_stop(adapter)) {
        found = broken(impl, console, "it does not leave when its standard input is closed");
    }
    lc_adapter_free(adapter);
    return found;
}

/* ---------------------------------------------------------------- trying it out */

void lc_fail_adapter(struct lc_case *c, const char *expected, const char *seen, ...) {
    char words[600];
    va_list arguments;
    va_start(arguments, seen);
    vsnprintf(words, sizeof words, seen, arguments);
    va_end(arguments);
    lc_finish(c, &(struct lc_verdict){"fail", "broken", expected, words, NULL});
}

static int first_provider(const struct lc_impl *impl) {
    for (int i = 0; i < LC_PROVIDERS; i++) {
        if (lc_impl_offers(impl, "providers", lc_provider_names[i])) {
            return i;
        }
    }
    return -1;
}

static enum lc_probe try_one(const struct lc_impl *impl, const struct lc_case_def *def, int provider,
                             struct lc_console *console) {
    const struct lc_run_options setting = {impl, impl, 1};
    enum lc_probe found = LC_PROBE_GOOD;
    json_t *result = lc_run_case(&setting, def, (enum lc_provider)provider, def->id);
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

static enum lc_probe try_all(const struct lc_impl *impl, const struct lc_case_def *defs, struct lc_console *console) {
    enum lc_probe found = LC_PROBE_GOOD;
    int provider = first_provider(impl);
    for (const struct lc_case_def *def = defs; def->id && found == LC_PROBE_GOOD; def++) {
        if (!def->roles[0] || (provider >= 0 && lc_impl_offers(impl, "roles", def->roles))) {
            found = try_one(impl, def, provider < 0 ? 0 : provider, console);
        }
    }
    return found;
}

enum lc_probe lc_probe_all(struct lc_impl *impl, struct lc_console *console) {
    enum lc_probe found = ask_hello(impl, console);
    if (found == LC_PROBE_GOOD) {
        found = try_all(impl, lc_smoke_cases, console);
    }
    return found == LC_PROBE_GOOD ? try_all(impl, lc_nonsense_cases, console) : found;
}
