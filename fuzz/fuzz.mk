# The fuzzers; see fuzz/README.md. Every file in fuzz/target is a target. The ordinary builds link it with a driver that
# replays inputs, the builds below build/fuzz link it with an engine.

## TARGET=page  fuzz only that target (several: TARGET='page frame')
TARGET ?=
## TIME=60  seconds for each target of make fuzz and make fuzz-afl, and for each mutant of make fuzz-selftest
TIME ?= 60

fuzz_all := $(basename $(notdir $(sort $(wildcard fuzz/target/*.c))))
fuzz_unknown := $(filter-out $(fuzz_all),$(TARGET))
$(if $(fuzz_unknown),$(error TARGET=$(fuzz_unknown): no such target; targets: $(fuzz_all)))
fuzz_chosen := $(or $(TARGET),$(fuzz_all))

# All targets are linked with the rig; the mutator of pages is only for the targets whose inputs are pages.
fuzz_rig_sources := $(filter-out fuzz/rig/mutate.c,$(wildcard fuzz/rig/*.c)) $(wildcard fuzz/platform/*.c)
fuzz_oracle_sources := $(wildcard conformance/oracle/post*.c)
fuzz_sources := $(wildcard fuzz/*.c fuzz/target/*.c fuzz/rig/*.c fuzz/platform/*.c)
fuzz_objects := $(call objects,$(fuzz_sources) $(fuzz_oracle_sources))
fuzz_base := $(call objects,$(fuzz_rig_sources) $(fuzz_oracle_sources) $(filter-out ref/os/posix/%,$(lib_sources)))
fuzz_page_targets := page broker
fuzz_engine :=

$(fuzz_objects): extra = -Ifuzz -Iconformance
# The rig is not instrumented for coverage: that would cost most of the speed, and its coverage is not of interest.
fuzz_unguided :=
$(filter-out $(OUT)/obj/fuzz/target/%,$(fuzz_objects)): extra += $(fuzz_unguided)

fuzz_programs := $(patsubst %,$(OUT)/fuzz/%,$(fuzz_all))
fuzz_driver = $(if $(fuzz_engine),,$(OUT)/obj/fuzz/replay.o)

$(fuzz_programs): $(OUT)/fuzz/%: $(OUT)/obj/fuzz/target/%.o $(fuzz_base) $(OUT)/obj/fuzz/rig/mutate.o $(OUT)/obj/fuzz/replay.o $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) $(fuzz_engine) -o $@ $< $(fuzz_base) \
	    $(if $(and $(fuzz_engine),$(filter $*,$(fuzz_page_targets))),$(OUT)/obj/fuzz/rig/mutate.o) $(fuzz_driver) -lpthread

$(OUT)/fuzz/seeds: $(OUT)/obj/fuzz/seeds.o $(fuzz_base) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) -lpthread

# `make test` replays the committed inputs: the programs are built if that test is chosen.
ifneq ($(or $(if $(TEST),,all),$(strip $(foreach name,$(TEST),$(findstring $(name),test_replay.sh)))),)
test: $(fuzz_programs)
endif
module_tests += fuzz/test_replay.sh
module_c += $(wildcard fuzz/*.c fuzz/target/*.c $(addsuffix /*.[ch],fuzz/rig fuzz/platform))
module_scripts += fuzz/test_replay.sh fuzz/run fuzz/merge fuzz/coverage fuzz/afl
module_deps += $(patsubst %.o,%.d,$(fuzz_objects))

.PHONY: fuzz fuzz-libfuzzer fuzz-programs fuzz-merge fuzz-selftest fuzz-coverage fuzz-afl
fuzz-programs: $(patsubst %,$(OUT)/fuzz/%,$(fuzz_chosen))

fuzz_arguments = fuzz_engine=-fsanitize=fuzzer pic=-fsanitize-coverage=trace-loads \
    fuzz_unguided=-fno-sanitize=fuzzer-no-link
fuzz_libfuzzer = OUT=build/fuzz/libfuzzer CC=clang $(fuzz_arguments) \
    SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
fuzz-libfuzzer: ## build the fuzzers with libFuzzer, without running them
	+@$(MAKE) --no-print-directory $(fuzz_libfuzzer) fuzz-programs

fuzz: fuzz-libfuzzer ## run the fuzzers, TIME seconds each
	@JOBS='$(JOBS)' fuzz/run build/fuzz/libfuzzer '$(TIME)' $(fuzz_chosen)

fuzz-merge: ## replace the committed corpora by minimal ones that include this machine's findings
	+@$(MAKE) --no-print-directory $(fuzz_libfuzzer) fuzz-programs build/fuzz/libfuzzer/fuzz/seeds
	@fuzz/merge build/fuzz/libfuzzer $(fuzz_chosen)

fuzz_mutants := $(sort $(foreach target,$(fuzz_chosen),$(basename $(notdir $(wildcard fuzz/mutants/$(target)-*.patch)))))
fuzz-selftest: ## check that the fuzzers find seeded defects of the library, TIME seconds for each
	+@JOBS='$(JOBS)' TIME='$(TIME)' MAKE='$(MAKE)' conformance/mutants/run fuzz $(or $(MUTANT),$(if $(TARGET),$(fuzz_mutants)))

fuzz-coverage: ## report the lines that the committed inputs reach; details in build/fuzz/coverage/html
	+@$(MAKE) --no-print-directory OUT=build/fuzz/coverage CC=clang TARGET= \
	    CFLAGS='-O0 -g -fprofile-instr-generate -fcoverage-mapping' fuzz-programs
	@fuzz/coverage build/fuzz/coverage $(fuzz_all)

fuzz-afl: ## run the fuzzers under AFL++, one after the other, TIME seconds each
	+@$(MAKE) --no-print-directory OUT=build/fuzz/afl CC=afl-clang-fast fuzz_engine=-fsanitize=fuzzer \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all' fuzz-programs
	@fuzz/afl build/fuzz/afl '$(TIME)' $(fuzz_chosen)
