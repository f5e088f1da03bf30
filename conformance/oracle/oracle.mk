# The oracle is compiled without an include path to ref/, so that it cannot repeat an error of ref.

compile_conformance = $(CC) -Iconformance $(WARNINGS) $(C_WARNINGS) $(CPPFLAGS) $(CFLAGS) -std=c11 $(after_user)

$(OUT)/obj/conformance/%.o: conformance/%.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(compile_conformance) $(extra) -MMD -MP -c -o $@ $<

oracle_sources := $(sort $(wildcard conformance/oracle/*.c))
oracle_objects := $(call objects,$(oracle_sources))
oracle_test_sources := $(sort $(wildcard conformance/test/test_oracle_*.c))
oracle_test_objects := $(call objects,$(oracle_test_sources))
oracle_helper_sources := $(sort $(wildcard conformance/test/oracle_*.c))
oracle_helper_objects := $(call objects,$(oracle_helper_sources))
oracle_tests := $(patsubst conformance/test/%.c,$(OUT)/test/%,$(oracle_test_sources))

$(oracle_tests): $(OUT)/test/%: $(OUT)/obj/conformance/test/%.o $(oracle_helper_objects) $(oracle_objects) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) -lcmocka -lpthread

module_programs += $(oracle_tests)
module_tests += $(oracle_tests) conformance/test/test_independence.sh
module_c += $(sort $(wildcard conformance/oracle/*.[ch])) $(sort $(wildcard conformance/test/oracle_*.[ch])) $(oracle_test_sources)
module_scripts += conformance/test/test_independence.sh
module_deps += $(patsubst %.o,%.d,$(oracle_objects) $(oracle_helper_objects) $(oracle_test_objects))
