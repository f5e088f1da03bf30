# LLMP. One Makefile for everything; `make help` lists the targets and the variables.
# It works on no name of a single file: a new .c in a folder below is built, a new ref/test/test_*.c is run.

VERSION := $(shell sed -n 's/^.define LLMP_VERSION "\(.*\)"/\1/p' ref/include/llmp/llmp.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))

## CONFIG=release  the build: release, asan, ubsan or tsan; each has a tree of its own, build/CONFIG
CONFIG ?= release
## CC=cc CXX=c++  the compilers: gcc and clang both work; C++ is needed by the bench alone
ifeq ($(origin CXX),default)
CXX := c++
endif
## CFLAGS='-O2 -g' CXXFLAGS='-O2 -g' CPPFLAGS= LDFLAGS=  yours, beside the flags that the project needs
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
## WERROR=1  compiler warnings are errors
WERROR ?=
## V=1  show the commands
V ?=
## PREFIX=/usr/local DESTDIR=  where install puts things; LIBDIR, INCLUDEDIR, BINDIR and DATADIR follow
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
## TEST=shmem  run only the tests with that in their name (several: TEST='page send')
TEST ?=
## JOBS=2 TIMEOUT=120 JUNIT=FILE  programs at a time (tests, fuzzers, models, mutants); seconds for a test; its report
## PROVIDERS=posix,memfd PAYLOADS=64,1024 CASES=stream QUICK=1  narrow the bench; PROVIDERS the conformance suite, too
PROVIDERS ?=
PAYLOADS ?=
CASES ?=
QUICK ?=
## RESULTS=results  the folder that gets the bench's results
RESULTS ?= results
## RUN=results/latest  the results that plot draws
RUN ?= results/latest

# ---------------------------------------------------------------- flags

SANITIZE_release :=
SANITIZE_asan := -fsanitize=address -fno-omit-frame-pointer
SANITIZE_ubsan := -fsanitize=undefined -fno-sanitize-recover=all
SANITIZE_tsan := -fsanitize=thread
ifeq ($(origin SANITIZE_$(CONFIG)),undefined)
$(error CONFIG=$(CONFIG): there are release, asan, ubsan and tsan)
endif
SANITIZE := $(SANITIZE_$(CONFIG))

OUT := build/$(CONFIG)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wundef -Wformat=2 -Wwrite-strings
C_WARNINGS := -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion -Wno-sign-conversion

# Ours stand around the user's: our headers win over an installed older copy, a user can silence a warning, and
# cannot lose what the code relies on.
before_user := -Iref/include -Iref $(WARNINGS)
after_user := $(if $(WERROR),-Werror) -D_GNU_SOURCE -fvisibility=hidden $(SANITIZE)
compile_c = $(CC) $(before_user) $(C_WARNINGS) $(CPPFLAGS) $(CFLAGS) -std=c11 $(after_user)
compile_cxx = $(CXX) $(before_user) $(CPPFLAGS) $(CXXFLAGS) -std=c++17 $(after_user)
link_c = $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS)
link_cxx = $(CXX) $(CXXFLAGS) $(SANITIZE) $(LDFLAGS)

# The library's objects serve both libraries. Nobody replaces its functions from outside (-fno-semantic-interposition),
# so the compiler may inline them in position-independent code too.
pic := -fPIC -fno-semantic-interposition
# A sanitizer's symbols come with the program, so a shared library may lack them.
no_undefined := $(if $(SANITIZE),,-Wl,--no-undefined)

# Asked only by recipes, that is after `setup` in `make setup bench`.
bench_cflags = $(shell pkg-config --cflags benchmark jansson 2>/dev/null)
bench_libs = $(shell pkg-config --libs benchmark jansson 2>/dev/null || echo -lbenchmark -ljansson) -lpthread -lm

# ---------------------------------------------------------------- sources

objects = $(patsubst %,$(OUT)/obj/%.o,$(basename $(1)))

lib_sources := $(sort $(wildcard ref/os/*.c ref/os/posix/*.c ref/shmem/*.c ref/shmem/posix/*.c ref/wire/*.c ref/channel/*.c ref/broker/*.c ref/net/*.c))
cmd_sources := $(sort $(wildcard ref/cmd/*.c))
bench_sources := $(sort $(wildcard bench/*.c bench/*/*.c bench/*/*.cc))
test_sources := $(sort $(wildcard ref/test/test_*.c))
helper_sources := $(filter-out $(test_sources),$(sort $(wildcard ref/test/*.c)))

lib_objects := $(call objects,$(lib_sources))
cmd_objects := $(call objects,$(cmd_sources))
bench_objects := $(call objects,$(bench_sources))
test_objects := $(call objects,$(test_sources))
helper_objects := $(call objects,$(helper_sources))

static_lib := $(OUT)/lib/libllmp.a
shared_lib := $(OUT)/lib/libllmp.so.$(VERSION)
soname := libllmp.so.$(SOVERSION)
command := $(if $(cmd_sources),$(OUT)/bin/llmp)
bench_program := $(OUT)/bin/llmp-bench
man_pages := $(wildcard ref/cmd/*.1)
completion := $(wildcard ref/cmd/llmp.bash)

test_programs := $(patsubst ref/test/%.c,$(OUT)/test/%,$(test_sources))
# These look at the build and not at what the code does: a sanitizer has nothing to say about them.
frame_tests := $(patsubst %,ref/test/test_%.sh,exports headers install layers readme runner)
test_scripts := $(filter-out $(if $(SANITIZE),$(frame_tests)),$(sort $(wildcard ref/test/test_*.sh)))

# Rooms with rules of their own. Each may add to these: tests for `make test`, programs to build before them, sources
# for the formatter and the linters, and dependency files.
module_tests :=
module_programs :=
module_c :=
module_scripts :=
module_deps :=
include $(wildcard fuzz/*.mk fuzz/*/*.mk conformance/*.mk conformance/*/*.mk)

all_tests := $(test_programs) $(test_scripts) $(module_tests)
matching = $(sort $(foreach name,$(1),$(foreach test,$(2),$(if $(findstring $(name),$(notdir $(test))),$(test)))))
tests := $(if $(TEST),$(call matching,$(TEST),$(all_tests)),$(all_tests))
$(if $(TEST),$(if $(tests),,$(error TEST=$(TEST): no test has that in its name)))

# ---------------------------------------------------------------- building

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: FORCE all setup setup-full test bench bench-program plot asan ubsan tsan \
        format format-check lint tidy shellcheck install uninstall clean help

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))

all: $(static_lib) $(shared_lib) $(command) ## the library, static and shared, and the llmp command (the default)

# What is compiled depends on `flags`, which changes when the compiler or a flag does (and tells a benchmark how it was
# built); what is linked depends on `sources`, which changes when a file comes or goes. Order-only: in
# `make -j2 setup test` nothing starts before setup has ended.
first := $(filter setup setup-full clean,$(MAKECMDGOALS))
quoted = '$(subst ','\'',$(strip $(1)))'
keep_if_same = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(OUT)/flags: FORCE | $(first)
	@$(CC) --version >/dev/null 2>&1 || { echo '$(CC) does not run: `make setup` installs a compiler' >&2; exit 1; }
	@mkdir -p $(@D)
	@{ printf 'compiler: '; $(CC) --version | head -n 1; printf '%s: %s\n' c $(call quoted,$(compile_c)) \
	    c++ $(call quoted,$(compile_cxx)) link $(call quoted,$(link_c)); } >$@.new
	@$(keep_if_same)

$(OUT)/sources: FORCE $(OUT)/flags
	@printf '%s\n' $(lib_sources) $(cmd_sources) $(bench_sources) $(helper_sources) >$@.new
	@$(keep_if_same)

extra :=
$(lib_objects): extra := $(pic)
$(bench_objects): extra = -Ibench $(bench_cflags)

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(compile_c) $(extra) -MMD -MP -c -o $@ $<

$(OUT)/obj/%.o: %.cc $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(compile_cxx) $(extra) -MMD -MP -c -o $@ $<

linked = $(filter %.o %.a,$^)

$(static_lib): $(lib_objects) $(OUT)/sources
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $(lib_objects)

$(shared_lib): $(lib_objects) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -shared -Wl,-soname,$(soname) $(no_undefined) -o $@ $(lib_objects) -lpthread
	@ln -sf $(@F) $(@D)/$(soname)
	@ln -sf $(soname) $(@D)/libllmp.so

$(OUT)/bin/llmp: $(cmd_objects) $(static_lib) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) -lpthread

$(test_programs): $(OUT)/test/%: $(OUT)/obj/ref/test/%.o $(helper_objects) $(static_lib) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) -lcmocka -lpthread

$(bench_program): $(bench_objects) $(static_lib) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_cxx) -o $@ $(linked) $(bench_libs)

-include $(patsubst %.o,%.d,$(lib_objects) $(cmd_objects) $(bench_objects) $(test_objects) $(helper_objects)) $(module_deps)

# ---------------------------------------------------------------- setting up, testing, measuring

setup: ## install what the bench and the tests need (Debian, Ubuntu)
	@.ci/setup

setup-full: | $(filter setup,$(first)) ## install that and all the rest: clang, the linters, the proof tools, a browser
	@.ci/setup full

# Old ThreadSanitizers cannot place their shadow where the kernel randomises addresses widely; without randomisation
# they all can.
tsan_wrap = $(shell setarch -R true 2>/dev/null && echo setarch -R)
# The bench has a test too, where its libraries are there (found out after setup has run, not when this file is read);
# without them that test is a skip that says so.
build_tested_bench = if pkg-config --exists benchmark jansson 2>/dev/null; then $(MAKE) --no-print-directory bench-program; fi
test: $(filter $(test_programs) $(module_programs),$(tests)) all | $(first) ## build and run the tests
	+@$(if $(SANITIZE),,$(if $(findstring test_bench,$(tests)),$(build_tested_bench)))
	@CC='$(CC)' CXX='$(CXX)' LLMP_BUILD='$(OUT)' TSAN_OPTIONS="halt_on_error=1:$$TSAN_OPTIONS" \
	    $(if $(filter tsan,$(CONFIG)),$(tsan_wrap)) ref/test/run $(tests)

asan ubsan tsan: | $(first) ## build and run the tests under that sanitizer, in its own tree
	+@$(MAKE) --no-print-directory CONFIG=$@ test

ifneq ($(bench_sources),)
bench-program: $(bench_program) ## build the bench, without running it

bench: $(bench_program) $(command) | $(first) ## measure every provider; results in RESULTS/, newest in RESULTS/latest
	@$(bench_program) $(if $(PROVIDERS),--subjects '$(PROVIDERS)') $(if $(PAYLOADS),--payloads '$(PAYLOADS)') \
	    $(if $(CASES),--cases '$(CASES)') $(if $(QUICK),--quick) --results '$(RESULTS)'
else
bench bench-program:
	@echo 'make $@: there are no sources in bench/ yet' >&2; exit 1
endif

plot: ## draw RUN again
	@plot/draw '$(RUN)'

# ---------------------------------------------------------------- style and lint

c_files := $(sort $(wildcard $(addsuffix /*.[ch],ref/include/llmp ref/os ref/os/posix ref/shmem ref/shmem/posix ref/wire ref/channel ref/broker \
             ref/net ref/cmd ref/test bench bench/*)) $(wildcard bench/*/*.cc) $(module_c))
scripts := $(sort $(wildcard .ci/* ref/test/run ref/test/*.sh ref/cmd/*.bash bench/*.sh plot/draw) $(module_scripts))
tidied := $(addprefix tidy-,$(filter %.c %.cc,$(c_files)))
# The headers that a file may see: as it is compiled.
seen_by = $(strip $(if $(filter conformance/adapters/ref/%,$(1)),-Iref/include,\
    $(if $(filter conformance/%,$(1)),-Iconformance,\
    -Iref/include -Iref $(if $(filter bench/%,$(1)),-Ibench) $(if $(filter fuzz/%,$(1)),-Ifuzz -Iconformance))))
need = @command -v $(1) >/dev/null || { echo '$(1) is not installed: make setup-full' >&2; exit 1; }

format: ## lay the sources out by .clang-format
	$(call need,clang-format)
	@clang-format -i $(c_files)

format-check: | $(first) ## fail where `make format` would change something
	$(call need,clang-format)
	@changed=$$(for file in $(c_files); do clang-format $$file | cmp -s - $$file || echo "  $$file"; done); \
	    [ -z "$$changed" ] || { printf '`make format` would change:\n%s\n' "$$changed"; exit 1; }

lint: format-check tidy shellcheck ## clang-tidy, shellcheck and format-check

tidy: $(tidied)

.PHONY: $(tidied)
$(tidied): tidy-%: | $(first)
	$(call need,clang-tidy)
	$(call say,TIDY,$*)
	$(Q)said=$$(clang-tidy --quiet $* -- $(call seen_by,$*) -D_GNU_SOURCE -std=$(if $(filter %.cc,$*),c++17,c11) 2>&1) || \
	    { printf '%s\n' "$$said"; exit 1; }

shellcheck: | $(first)
	$(call need,shellcheck)
	@shellcheck $(scripts)

# ---------------------------------------------------------------- installing

define pkg_config_file
prefix=$(PREFIX)
libdir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))
includedir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))

Name: llmp
Description: Shared-memory message passing: channels, providers and a broker
Version: $(VERSION)
Libs: -L$${libdir} -lllmp
Libs.private: -lpthread
Cflags: -I$${includedir}
endef

headers := $(wildcard ref/include/llmp/*.h)
to := $(DESTDIR)

install: export pc = $(pkg_config_file)
install: all ## install library, headers, llmp.pc and command
	@install -d $(to)$(LIBDIR)/pkgconfig $(to)$(INCLUDEDIR)/llmp $(to)$(BINDIR)
	@install -m 644 $(headers) $(to)$(INCLUDEDIR)/llmp
	@install -m 644 $(static_lib) $(to)$(LIBDIR)
	@install -m 755 $(shared_lib) $(to)$(LIBDIR)
	@ln -sf $(notdir $(shared_lib)) $(to)$(LIBDIR)/$(soname)
	@ln -sf $(soname) $(to)$(LIBDIR)/libllmp.so
	@printf '%s\n' "$$pc" >$(to)$(LIBDIR)/pkgconfig/llmp.pc
	$(if $(command),@install -m 755 $(command) $(to)$(BINDIR))
	$(if $(man_pages),@install -d $(to)$(DATADIR)/man/man1)
	$(if $(man_pages),@install -m 644 $(man_pages) $(to)$(DATADIR)/man/man1)
	$(if $(completion),@install -d $(to)$(DATADIR)/bash-completion/completions)
	$(if $(completion),@install -m 644 $(completion) $(to)$(DATADIR)/bash-completion/completions/llmp)

uninstall: ## remove exactly that
	@rm -f $(addprefix $(to)$(INCLUDEDIR)/llmp/,$(notdir $(headers))) $(to)$(BINDIR)/llmp \
	    $(addprefix $(to)$(LIBDIR)/,$(notdir $(static_lib) $(shared_lib)) $(soname) libllmp.so pkgconfig/llmp.pc) \
	    $(addprefix $(to)$(DATADIR)/man/man1/,$(notdir $(man_pages))) \
	    $(if $(completion),$(to)$(DATADIR)/bash-completion/completions/llmp)
	@rmdir $(to)$(INCLUDEDIR)/llmp 2>/dev/null || true

clean: ## remove build/
	@rm -rf build

help: ## this text
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z][a-z -]*:.*## / { printf "  %-20s %s\n", $$1, $$2 }' $(filter Makefile %.mk,$(MAKEFILE_LIST))
	@echo
	@echo 'Variables, with their defaults or an example:'
	@awk '/^## / { sub(/^## /, ""); at = index($$0, "  "); \
	    printf "  %s\n      %s\n", substr($$0, 1, at - 1), substr($$0, at + 2) }' $(filter Makefile %.mk,$(MAKEFILE_LIST))
