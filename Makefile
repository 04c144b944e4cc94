# Builds, tests and checks repay. One file, plain GNU make, no recursion.
#
#   make           both builds (Lua 5.4 and LuaJIT) of every compiled module
#   make demo      installs what is missing, builds, runs the main job offline
#   make test      installs what is missing, builds, runs everything; ends with "N passed, N failed"
#   make lint      the checks that run nothing          make asan   the tests under ASan and UBSan
#   make fuzz SECONDS=60    each fuzz target so long    make bench  next to lua-cjson and node
#   make env LUA=luajit     prints the paths to export  make deps   what to install elsewhere
#
# Nothing is installed by a plain `make`, nor anywhere that has no apt.

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

BUILD   = build
CC      = gcc
CLANG   = clang
CFLAGS  = -O2 -g
SECONDS = 60
PREFIX  = /usr/local
# One run of one thing may take this long before it counts as hung.
TIME_LIMIT = 900

# The directory of a build names the version of Lua whose C interface it speaks; LuaJIT speaks 5.1's.
VMS            = lua54 lua51
lua54_PROGRAM  = lua5.4
lua51_PROGRAM  = luajit
lua54_PACKAGE  = lua5.4
lua51_PACKAGE  = luajit
lua54_VERSION  = 5.4
lua51_VERSION  = 5.1
# Asked when a recipe runs and not before: pkg-config itself may have to be installed first.
lua54_CFLAGS   = $(shell pkg-config --cflags $(lua54_PACKAGE))
lua51_CFLAGS   = $(shell pkg-config --cflags $(lua51_PACKAGE))
CURL_CFLAGS    = $(shell pkg-config --cflags libcurl)
CURL_LIBS      = $(shell pkg-config --libs libcurl)

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2
HARDENING = -fstack-protector-strong -D_FORTIFY_SOURCE=2
ALL_CFLAGS = -std=c11 $(CFLAGS) $(WARNINGS) -fPIC -fvisibility=hidden -MMD -MP -Isrc/core
# Never linked to a Lua library: a second VM in the process would be the end of both.
SO_LDFLAGS = -shared -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed $(LDFLAGS)

#
# Sources, found by what they are called
#

CORE_C    := $(sort $(wildcard src/core/*.c src/providers/*.c))
NET_C     := $(sort $(wildcard src/net/*.c))
# A file of the binding belongs to the core module, unless it is named after another one.
CURL_BINDING_C := $(sort $(wildcard src/binding/native_curl*.c))
CORE_BINDING_C := $(sort $(filter-out $(CURL_BINDING_C), $(wildcard src/binding/*.c)))
# spec/support/x_host.c is a program that embeds Lua, any other x.c there a module for specs.
HOST_C    := $(sort $(wildcard spec/support/*_host.c))
SUPPORT_C := $(sort $(filter-out $(HOST_C), $(wildcard spec/support/*.c)))
CORE_TEST_C := $(sort $(wildcard spec/core/*_test.c))
NET_TEST_C  := $(sort $(wildcard spec/net/*_test.c))
FUZZ_C    := $(sort $(wildcard spec/fuzz/fuzz_*.c))
FUZZ      := $(FUZZ_C:spec/fuzz/fuzz_%.c=%)
ALL_C     := $(CORE_C) $(NET_C) $(CURL_BINDING_C) $(CORE_BINDING_C) $(HOST_C) $(SUPPORT_C) \
	$(CORE_TEST_C) $(NET_TEST_C) $(FUZZ_C) spec/fuzz/replay_main.c $(sort $(wildcard bench/*.c))
ALL_H     := $(sort $(wildcard src/*/*.h spec/*/*.h))
LUA_SOURCES := $(sort $(wildcard lua/repay/*.lua lua/repay/*/*.lua lua/bin/*))
SPECS     := $(sort $(wildcard spec/*_spec.lua spec/*/*_spec.lua))

#
# What has to be installed: only looked at for goals that may install it
#

APT_BUILD = pkg-config liblua5.4-dev libluajit2-5.1-dev libcurl4-openssl-dev
APT_DEMO  = lua5.4 luajit2 lua-cjson
APT_TEST  = $(APT_DEMO) lua-busted luarocks openssl procps
APT_LINT  = clang clang-format clang-tidy lua-check $(APT_TEST)

packages_for_demo  = $(APT_BUILD) $(APT_DEMO)
packages_for_test  = $(APT_BUILD) $(APT_TEST)
packages_for_asan  = $(APT_BUILD) $(APT_TEST)
packages_for_bench = $(APT_BUILD) $(APT_DEMO)
packages_for_lint  = $(APT_BUILD) $(APT_LINT)
packages_for_fuzz  = clang libclang-rt-dev
PACKAGES := $(sort $(foreach goal,$(MAKECMDGOALS),$(packages_for_$(goal))))

# Everything that compiles waits for this; it does nothing for goals that install nothing.
.PHONY: packages
packages:
ifneq ($(PACKAGES),)
	@spec/support/packages.sh $(PACKAGES)
endif

.PHONY: deps
deps:
	@echo 'To build:    GNU make, gcc or clang, pkg-config, and the headers of Lua 5.4, LuaJIT 2.1 and libcurl'
	@echo 'To run:      lua5.4 or luajit, and lua-cjson for exports and the sandbox'
	@echo 'To test:     busted for both Lua 5.4 and LuaJIT, luarocks, openssl'
	@echo 'To lint:     clang, clang-format, clang-tidy, luacheck'
	@echo 'On Debian and Ubuntu:'
	@echo '  apt-get install $(sort $(APT_BUILD) $(APT_TEST) $(APT_LINT) libclang-rt-dev)'
	@echo 'On Fedora:'
	@echo '  dnf install gcc make pkgconf lua lua-devel luajit luajit-devel libcurl-devel luarocks openssl clang clang-tools-extra compiler-rt'
	@echo '  luarocks install busted; luarocks install luacheck; luarocks install lua-cjson'
	@echo 'With Homebrew:'
	@echo '  brew install lua luajit curl pkgconf luarocks openssl clang-format llvm'
	@echo '  luarocks install busted; luarocks install luacheck; luarocks install lua-cjson'
	@echo 'Names that differ are given to make: lua54_PROGRAM=lua lua54_PACKAGE=lua-5.4 lua51_PROGRAM=luajit'

#
# Compiling. A tree is one set of flags: the plain build, the sanitized one, and so on.
#

# $(1) directory, $(2) compiler, $(3) flags of this tree
define tree_rules
$(1)/obj/src/core/%.o: src/core/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -c -o $$@ $$<

$(1)/obj/src/providers/%.o: src/providers/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -c -o $$@ $$<

$(1)/obj/src/net/%.o: src/net/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -D_GNU_SOURCE $$(CURL_CFLAGS) -c -o $$@ $$<

$(1)/obj/spec/%.o: spec/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -D_GNU_SOURCE -Ispec/core -Isrc/net -c -o $$@ $$<

$(1)/obj/bench/%.o: bench/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -D_GNU_SOURCE -c -o $$@ $$<

# Without the objects of another room: a test of the core that needs one does not link.
$(1)/core.a: $$(CORE_C:%.c=$(1)/obj/%.o)
	@rm -f $$@
	ar rcs $$@ $$^

$(1)/c/%_test: $(1)/obj/spec/%_test.o $(1)/core.a
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(LDFLAGS)

$(1)/c/net/%_test: $(1)/obj/spec/net/%_test.o $$(NET_C:%.c=$(1)/obj/%.o) $(1)/core.a
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(LDFLAGS) $$(CURL_LIBS)

$(1)/replay/%: $(1)/obj/spec/fuzz/fuzz_%.o $(1)/obj/spec/fuzz/replay_main.o $(1)/core.a
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(LDFLAGS)

$(foreach vm,$(VMS),$(call vm_rules,$(1),$(2),$(3),$(vm)))
endef

# ... $(4) VM
define vm_rules
$(1)/$(4)/obj/src/%.o: src/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -D_GNU_SOURCE -Isrc/net $$($(4)_CFLAGS) -c -o $$@ $$<

$(1)/$(4)/obj/spec/support/%.o: spec/support/%.c | packages
	@mkdir -p $$(@D)
	$(2) $$(ALL_CFLAGS) $(3) -D_GNU_SOURCE $$($(4)_CFLAGS) -c -o $$@ $$<

$(1)/$(4)/repay/native/core.so: $$(CORE_C:%.c=$(1)/obj/%.o) $$(CORE_BINDING_C:%.c=$(1)/$(4)/obj/%.o)
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(SO_LDFLAGS)

# nodelete: with CURLOPT_QUICK_EXIT a resolver thread may still run when Lua unloads its modules.
$(1)/$(4)/repay/native/curl.so: $$(NET_C:%.c=$(1)/obj/%.o) $$(CURL_BINDING_C:%.c=$(1)/$(4)/obj/%.o)
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(SO_LDFLAGS) -Wl,-z,nodelete $$(CURL_LIBS)

$(1)/$(4)/spec/support/%.so: $(1)/$(4)/obj/spec/support/%.o
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(SO_LDFLAGS)

# Lua's symbols are exported to the modules that it loads.
$(1)/$(4)/%_host: $(1)/$(4)/obj/spec/support/%_host.o
	@mkdir -p $$(@D)
	$(2) $(3) -o $$@ $$^ $$(LDFLAGS) -Wl,--export-dynamic $$(shell pkg-config --libs $$($(4)_PACKAGE)) -lm -ldl

endef

# $(1) directory: the modules of a tree, and what specs load or run beside them
natives  = $(foreach vm,$(VMS),$(1)/$(vm)/repay/native/core.so $(1)/$(vm)/repay/native/curl.so)
supports = $(foreach vm,$(VMS),$(SUPPORT_C:spec/%.c=$(1)/$(vm)/spec/%.so) \
	$(HOST_C:spec/support/%_host.c=$(1)/$(vm)/%_host))

SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZING  = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -O1

$(eval $(call tree_rules,$(BUILD),$$(CC),$$(HARDENING)))
$(eval $(call tree_rules,$(BUILD)/asan,$$(CC),$$(SANITIZE)))
$(eval $(call tree_rules,$(BUILD)/fuzz,$$(CLANG),$$(FUZZING)))
$(eval $(call tree_rules,$(BUILD)/lint/gcc,$$(CC),-Werror $$(HARDENING)))
$(eval $(call tree_rules,$(BUILD)/lint/clang,$$(CLANG),-Werror $$(HARDENING)))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.SECONDARY:
.PHONY: all
all: $(call natives,$(BUILD))

#
# Running. Each run leaves a line in $(BUILD)/results/<goal>, and the goal ends with their sum.
#

# $(1) VM, $(2) tree: the paths under which a build is found
lua_paths = LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;$(CURDIR)/?.lua;;' \
	LUA_CPATH='$(CURDIR)/$(2)/$(1)/?.so;;'
unexport LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT LUA_INIT_5_4

# $(1) goal, $(2) name of the run, $(3) how its output is counted, $(4) the command
run = @mkdir -p $(BUILD)/results/$(1); \
	TIME_LIMIT=$(TIME_LIMIT) spec/support/run.sh $(BUILD)/results/$(1)/$(subst /,-,$(2)) $(3) '$(2)' $(4)
busted = $($(1)_PROGRAM) spec/support/busted.lua --output=TAP

LUA = lua5.4
.PHONY: env
env:
	@echo "export LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;'"
	@echo "export LUA_CPATH='$(CURDIR)/$(BUILD)/$(if $(findstring jit,$(LUA))$(findstring 5.1,$(LUA)),lua51,lua54)/?.so;;'"

.PHONY: demo
demo: all
	@env $(call lua_paths,lua54,$(BUILD)) $(lua54_PROGRAM) examples/demo.lua

C_TESTS := $(CORE_TEST_C:spec/%.c=%) $(NET_TEST_C:spec/%.c=%)

# Every run is phony, so that it happens each time; its name is that of its result.
C_RUNS      = $(C_TESTS:%=test/c/%)
REPLAY_RUNS = $(FUZZ:%=test/replay/%)
BUSTED_RUNS = $(VMS:%=test/busted/%)
TEST_RUNS   = $(C_RUNS) $(REPLAY_RUNS) $(BUSTED_RUNS)
.PHONY: test test-start $(TEST_RUNS)

test-start: $(call natives,$(BUILD)) $(call supports,$(BUILD))
	@rm -rf $(BUILD)/results/test

$(C_RUNS): test/c/%: $(BUILD)/c/% | test-start
	$(call run,test,c/$*,checks,$<)

$(REPLAY_RUNS): test/replay/%: $(BUILD)/replay/% | test-start
	$(call run,test,replay/$*,checks,$< spec/fuzz/corpus/$*)

$(BUSTED_RUNS): test/busted/%: | test-start
	$(call run,test,busted/$*,tap,env $(call lua_paths,$*,$(BUILD)) $(call busted,$*))

test: $(TEST_RUNS)
	@spec/support/sum.sh $(BUILD)/results/test

.PHONY: clean
clean:
	rm -rf $(BUILD)
