# The conformance suite: a program that tests adapters against SPEC.md. oracle/oracle.mk builds the oracle.

## IMPL=conformance/adapters/ref PEER=  the implementation to test, and the one on the other side (default: IMPL)
IMPL ?= conformance/adapters/ref
PEER ?=
## FILTER=EOP-4 STRICT=1 LIST=1 REPORT=DIR  only these cases; a failed SHOULD counts; list the cases; folder for reports
FILTER ?=
STRICT ?=
LIST ?=
REPORT ?=
## REPEAT=10  run each case ten times; it passes if every run passes
REPEAT ?=

suite_sources := $(sort $(wildcard conformance/suite/*/*.c))
suite_objects := $(call objects,$(suite_sources))
suite_program := $(OUT)/bin/llmp-conformance
suite_tests := $(sort $(wildcard conformance/test/test_suite*.sh))

$(suite_objects): extra = $(shell pkg-config --cflags jansson 2>/dev/null) -DLC_VERSION='"$(VERSION)"' \
    -DLC_SPEC_PATH='"$(CURDIR)/conformance/SPEC.md"'
$(suite_objects): | $(first)

$(suite_program): $(suite_objects) $(call objects,$(sort $(wildcard conformance/oracle/*.c))) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) $(shell pkg-config --libs jansson 2>/dev/null || echo -ljansson) -lcmocka -lpthread

# The suite with other cases, for the tests of the suite itself.
fake_program := $(OUT)/test/fake-conformance
fake_sources := $(filter-out conformance/suite/cases/%,$(suite_sources)) conformance/test/fake_sections.c
$(fake_program): $(call objects,$(fake_sources) $(sort $(wildcard conformance/oracle/*.c))) $(OUT)/sources
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(link_c) -o $@ $(linked) $(shell pkg-config --libs jansson 2>/dev/null || echo -ljansson) -lcmocka -lpthread

.PHONY: conformance-program conformance install-conformance suite-to-test
conformance-program: $(suite_program) ## build llmp-conformance, without running it

narrowed := $(if $(FILTER),--filter '$(FILTER)')
conformance: $(suite_program) $(if $(filter %adapters/ref %adapters/ref/,$(IMPL) $(PEER)),adapter-ref) | $(first) ## test IMPL against SPEC.md
	@LLMP_BUILD='$(abspath $(OUT))' $(suite_program) $(narrowed) $(if $(LIST),--list,--impl '$(IMPL)' \
	    $(if $(PEER),--peer '$(PEER)') $(if $(PROVIDERS),--provider '$(PROVIDERS)') $(if $(STRICT),--strict) \
	    $(if $(REPEAT),--repeat '$(REPEAT)') $(if $(REPORT),--report '$(REPORT)'))

install-conformance: $(suite_program) ## install llmp-conformance with SPEC.md and ADAPTER.md
	@install -d $(to)$(BINDIR) $(to)$(DATADIR)/llmp-conformance
	@install -m 755 $(suite_program) $(to)$(BINDIR)
	@install -m 644 conformance/SPEC.md conformance/ADAPTER.md $(to)$(DATADIR)/llmp-conformance

# The suite's own tests are scripts, whose dependencies make does not know, so a second make builds their programs.
# Without jansson these tests are skipped with that reason. The prerequisites are built before, because two makes must
# not write the same file at once.
matrix_test := conformance/test/test_matrix_html.sh
build_tested_suite = if pkg-config --exists jansson 2>/dev/null; then \
    $(MAKE) $(if $(V),,-s) --no-print-directory OUT='$(OUT)' conformance-program $(fake_program) \
        $(if $(filter $(matrix_test),$(tests)),adapter-ref); fi
test: suite-to-test
suite-to-test: all adapter-ref-to-test $(call objects,$(sort $(wildcard conformance/oracle/*.c))) | $(first)
	+@$(if $(filter $(suite_tests) $(matrix_test),$(tests)),$(build_tested_suite))

# Sanitizers do not apply to a browser or to Python.
unsanitized_tests := $(matrix_test) conformance/test/test_adapter_python.sh
module_tests += $(suite_tests) $(if $(SANITIZE),,$(unsanitized_tests))
module_deps += $(patsubst %.o,%.d,$(suite_objects) $(call objects,conformance/test/fake_sections.c))
module_c += $(sort $(wildcard conformance/suite/*/*.[ch])) $(sort $(wildcard conformance/test/fake_*.c))
module_scripts += conformance/suite/check-spec conformance/test/fake_adapter.sh conformance/test/suite_reports.sh $(suite_tests) \
    $(unsanitized_tests) \
    $(sort $(wildcard conformance/adapters/libafl/*.sh conformance/adapters/libafl/adapter \
    conformance/adapters/libafl/*/adapter))
