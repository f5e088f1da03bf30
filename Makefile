# Builds, tests, measures and checks everything; `make help` lists the targets and the variables. Sources are found by
# wildcard, so a new .c file in one of the folders below is built, and a new ref/test/test_*.c is also run.

VERSION := $(shell sed -n 's/^.define LLMP_VERSION "\(.*\)"/\1/p' ref/include/llmp/llmp.h)
version_parts := $(subst ., ,$(VERSION))
# The shared library's name ends in this: before 1.0 any minor version may change the ABI.
SOVERSION := $(firstword $(version_parts))$(if $(filter 0,$(firstword $(version_parts))),.$(word 2,$(version_parts)))

## CONFIG=release  the build: release, asan, ubsan or tsan; each has a tree of its own, build/CONFIG
CONFIG ?= release
## CC=cc CXX=c++  the compilers: gcc or clang; only the benchmarks and two tests need C++
ifeq ($(origin CXX),default)
CXX := c++
endif
## CFLAGS='-O2 -g' CXXFLAGS='-O2 -g' CPPFLAGS= LDFLAGS=  additional flags; the project's own are always set
CFLAGS ?= -O2 -g
CXXFLAGS ?= -O2 -g
## WERROR=1  treat compiler warnings as errors
WERROR ?=
## V=1  print the commands that make runs
V ?=
## PREFIX=/usr/local DESTDIR=  where `make install` puts files; LIBDIR, INCLUDEDIR, BINDIR and DATADIR are below PREFIX
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
## TEST=shmem  run only the tests whose names contain this (several: TEST='page send')
TEST ?=
## JOBS=2 TIMEOUT=120 JUNIT=FILE  processes at a time (tests, fuzzers, models, mutants); seconds per test; JUnit report
## PROVIDERS=posix,memfd PAYLOADS=64,1024 CASES=stream QUICK=1  select benchmarks; PROVIDERS also conformance cases
PROVIDERS ?=
PAYLOADS ?=
CASES ?=
QUICK ?=
## RESULTS=results  the folder to which `make bench` writes its results
RESULTS ?= results
## RUN=results/latest  the results that `make plot` draws
RUN ?= results/latest

# ---------------------------------------------------------------- flags

SANITIZE_release :=
SANITIZE_asan := -fsanitize=address -fno-omit-frame-pointer
SANITIZE_ubsan := -fsanitize=undefined -fno-sanitize-recover=all
SANITIZE_tsan := -fsanitize=thread
ifeq ($(origin SANITIZE_$(CONFIG)),undefined)
$(error CONFIG=$(CONFIG) is unknown: use release, asan, ubsan or tsan)
endif
SANITIZE := $(SANITIZE_$(CONFIG))

OUT := build/$(CONFIG)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wundef -Wformat=2 -Wwrite-strings
C_WARNINGS := -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion -Wno-sign-conversion

# The project's flags enclose the user's: its headers are found before an installed older copy, a user's flag can
# silence a warning, and no user's flag can remove what the code relies on.
before_user := -Iref/include -Iref $(WARNINGS)
after_user := $(if $(WERROR),-Werror) -D_GNU_SOURCE -fvisibility=hidden $(SANITIZE)
compile_c = $(CC) $(before_user) $(C_WARNINGS) $(CPPFLAGS) $(CFLAGS) -std=c11 $(after_user)
compile_cxx = $(CXX) $(before_user) $(CPPFLAGS) $(CXXFLAGS) -std=c++17 $(after_user)
link_c = $(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS)
link_cxx = $(CXX) $(CXXFLAGS) $(SANITIZE) $(LDFLAGS)

# The static and the shared library are made of the same objects. The library does not support that a program replaces
# its functions (-fno-semantic-interposition), so the compiler may inline them in position-independent code too.
pic := -fPIC -fno-semantic-interposition
# A sanitizer's symbols are in the program, so a shared library may leave them undefined.
no_undefined := $(if $(SANITIZE),,-Wl,--no-undefined)

# Evaluated in recipes only, so that in `make setup bench` it runs after setup has installed the libraries.
bench_cflags = $(shell pkg-config --cflags benchmark jansson 2>/dev/null)
bench_libs = $(shell pkg-config --libs benchmark jansson 2>/dev/null || echo -lbenchmark -ljansson) -lpthread -lm

# ---------------------------------------------------------------- sources

objects = $(patsubst %,$(OUT)/obj/%.o,$(basename $(1)))

lib_folders := ref/os ref/os/posix ref/wire ref/shmem ref/shmem/posix ref/channel ref/broker ref/net
lib_sources := $(sort $(wildcard $(addsuffix /*.c,$(lib_folders))))
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
symbol_map := ref/abi/libllmp.map
command := $(if $(cmd_sources),$(OUT)/bin/llmp)
bench_program := $(OUT)/bin/llmp-bench

test_programs := $(patsubst ref/test/%.c,$(OUT)/test/%,$(test_sources))
# Tests of the build and of the packaging. They do not run under a sanitizer, which would find nothing in them.
frame_tests := $(patsubst %,ref/test/test_%.sh,abi ctypes dist exports headers install layers readme runner)
test_scripts := $(filter-out $(if $(SANITIZE),$(frame_tests)),$(sort $(wildcard ref/test/test_*.sh)))

# Folders with their own rules. Each .mk file may add to these variables: tests for `make test`, programs to build
# before them, sources for the formatter and the linters, and dependency files.
module_tests :=
module_programs :=
module_c :=
module_scripts :=
module_deps :=
include $(wildcard ref/*/*.mk fuzz/*.mk fuzz/*/*.mk conformance/*.mk conformance/*/*.mk)

all_tests := $(test_programs) $(test_scripts) $(module_tests)
matching = $(sort $(foreach name,$(1),$(foreach test,$(2),$(if $(findstring $(name),$(notdir $(test))),$(test)))))
tests := $(if $(TEST),$(call matching,$(TEST),$(all_tests)),$(all_tests))
$(if $(TEST),$(if $(tests),,$(error TEST=$(TEST): no test has a name that contains this)))

# ---------------------------------------------------------------- building

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: FORCE all setup setup-full test bench bench-program plot asan ubsan tsan \
        format format-check lint tidy shellcheck clean help

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))

all: $(static_lib) $(shared_lib) $(command) ## build the library, static and shared, and the llmp command (the default)

# Objects depend on `flags`, which changes with the compiler and its flags (a benchmark reads it to record how it was
# built). Programs and libraries depend on `sources`, which changes when a file is added or removed. The order-only
# prerequisite `first` makes everything in `make -j2 setup test` wait until setup has finished.
first := $(filter setup setup-full clean,$(MAKECMDGOALS))
quoted = '$(subst ','\'',$(strip $(1)))'
keep_if_same = if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(OUT)/flags: FORCE | $(first)
	@$(CC) --version >/dev/null 2>&1 || { echo 'cannot run the compiler $(CC): `make setup` installs one' >&2; exit 1; }
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

$(shared_lib): $(lib_objects) $(symbol_map) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -shared -Wl,-soname,$(soname) -Wl,--version-script=$(symbol_map) $(no_undefined) -o $@ $(lib_objects) \
	    -lpthread
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

setup: ## install what the tests and benchmarks need (Debian, Ubuntu)
	@.ci/setup

setup-full: | $(filter setup,$(first)) ## install also clang, the linters, abidiff, CMake, the proof tools, a browser
	@.ci/setup full

# Old versions of ThreadSanitizer fail to map their shadow memory if the kernel randomises addresses over a wide range.
# Without randomisation all versions work.
tsan_wrap = $(shell setarch -R true 2>/dev/null && echo setarch -R)
# test_bench.sh needs the benchmark program, which is built only if its libraries are installed; the test is skipped
# without it. The recipe checks that, because setup may install them after make has read this file.
build_tested_bench = if pkg-config --exists benchmark jansson 2>/dev/null; then $(MAKE) --no-print-directory bench-program; fi
test: $(filter $(test_programs) $(module_programs),$(tests)) all | $(first) ## build and run the tests
	+@$(if $(SANITIZE),,$(if $(findstring test_bench,$(tests)),$(build_tested_bench)))
	@CC='$(CC)' CXX='$(CXX)' LLMP_BUILD='$(OUT)' TSAN_OPTIONS="halt_on_error=1:$$TSAN_OPTIONS" \
	    $(if $(filter tsan,$(CONFIG)),$(tsan_wrap)) ref/test/run $(tests)

asan ubsan tsan: | $(first) ## build and run the tests under a sanitizer, in build/asan, build/ubsan or build/tsan
	+@$(MAKE) --no-print-directory CONFIG=$@ test

ifneq ($(bench_sources),)
bench-program: $(bench_program) ## build llmp-bench, without running it

bench: $(bench_program) $(command) | $(first) ## measure every provider; RESULTS/latest links to the newest results
	@$(bench_program) $(if $(PROVIDERS),--subjects '$(PROVIDERS)') $(if $(PAYLOADS),--payloads '$(PAYLOADS)') \
	    $(if $(CASES),--cases '$(CASES)') $(if $(QUICK),--quick) --results '$(RESULTS)'
else
bench bench-program:
	@echo 'make $@: bench/ has no sources' >&2; exit 1
endif

plot: ## draw the plots of RUN again
	@plot/draw '$(RUN)'

# ---------------------------------------------------------------- style and lint

c_folders := ref/include/llmp $(lib_folders) ref/cmd ref/test bench bench/*
c_files := $(sort $(wildcard $(addsuffix /*.[ch],$(c_folders)) $(addsuffix /*.cc,$(c_folders))) $(module_c))
scripts := $(sort $(wildcard .ci/* ref/test/run ref/test/*.sh ref/cmd/*.bash bench/*.sh plot/draw) $(module_scripts))
tidied := $(addprefix tidy-,$(filter %.c %.cc,$(c_files)))
# The include flags of a file, as they are when it is compiled.
seen_by = $(strip $(if $(filter conformance/adapters/ref/%,$(1)),-Iref/include,\
    $(if $(filter conformance/%,$(1)),-Iconformance,\
    -Iref/include -Iref $(if $(filter bench/%,$(1)),-Ibench) $(if $(filter fuzz/%,$(1)),-Ifuzz -Iconformance))))
standard_of = $(if $(filter %.c,$(1)),c11,$(if $(filter %cxx20.cc,$(1)),c++20,c++17))
need = @command -v $(1) >/dev/null || { echo '$(1) is not installed: make setup-full' >&2; exit 1; }

format: ## format the sources by .clang-format; changes files
	$(call need,clang-format)
	@clang-format -i $(c_files)

format-check: | $(first) ## fail if `make format` would change a file
	$(call need,clang-format)
	@changed=$$(for file in $(c_files); do clang-format $$file | cmp -s - $$file || echo "  $$file"; done); \
	    [ -z "$$changed" ] || { printf '`make format` would change:\n%s\n' "$$changed"; exit 1; }

lint: format-check tidy shellcheck ## run format-check, clang-tidy and shellcheck

tidy: $(tidied)

.PHONY: $(tidied)
$(tidied): tidy-%: | $(first)
	$(call need,clang-tidy)
	$(call say,TIDY,$*)
	$(Q)output=$$(clang-tidy --quiet $* -- $(call seen_by,$*) -D_GNU_SOURCE -std=$(call standard_of,$*) 2>&1) || \
	    { printf '%s\n' "$$output"; exit 1; }

shellcheck: | $(first)
	$(call need,shellcheck)
	@shellcheck $(scripts)

clean: ## remove build/
	@rm -rf build

help: ## print this text
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z][a-z -]*:.*## / { printf "  %-20s %s\n", $$1, $$2 }' $(filter Makefile %.mk,$(MAKEFILE_LIST))
	@echo
	@echo 'Variables, with their defaults or an example:'
	@awk '/^## / { sub(/^## /, ""); at = index($$0, "  "); \
	    printf "  %s\n      %s\n", substr($$0, 1, at - 1), substr($$0, at + 2) }' $(filter Makefile %.mk,$(MAKEFILE_LIST))
