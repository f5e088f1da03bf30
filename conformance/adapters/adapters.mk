# The adapters that have to be built: so far that of this project's own library. It is given the public headers alone.

adapter_ref := $(OUT)/bin/llmp-adapter-ref
adapter_ref_sources := $(sort $(wildcard conformance/adapters/ref/*.c))
adapter_ref_objects := $(call objects,$(adapter_ref_sources))
test_adapter_ref := conformance/test/test_adapter_ref.sh

module_tests += $(test_adapter_ref)
module_c += $(wildcard conformance/adapters/ref/*.[ch])
module_scripts += conformance/adapters/ref/adapter $(test_adapter_ref)
module_deps += $(adapter_ref_objects:.o=.d)

.PHONY: adapter-ref adapter-ref-to-test
adapter-ref: $(adapter_ref) ## the conformance suite's adapter of this library

$(adapter_ref_objects): $(OUT)/obj/conformance/adapters/ref/%.o: conformance/adapters/ref/%.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(filter-out -Iref,$(compile_c)) -MMD -MP -c -o $@ $<

# After `first`, which may be what brings jansson.
$(adapter_ref): $(adapter_ref_objects) $(static_lib) $(OUT)/sources | $(first)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) -ljansson -lpthread

# Its test is a script, which make cannot see through. Without jansson that test is a skip that says so. Which tests are
# wanted is known only when recipes run.
build_tested_adapter = if pkg-config --exists jansson 2>/dev/null; then \
    $(MAKE) --no-print-directory OUT='$(OUT)' adapter-ref; fi
test: adapter-ref-to-test
adapter-ref-to-test: all | $(first)
	+@$(if $(filter $(test_adapter_ref),$(tests)),$(build_tested_adapter))
