# Twostep's front door. "make demo" shows it, "make test" proves it, "make install" lays it out.

SHELL := /bin/bash
PREFIX ?= /usr
DESTDIR ?=
SYSCONFDIR ?= /etc
SWIFT ?= swift
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null || cc -print-multiarch 2>/dev/null || uname -m | sed 's/$$/-linux-gnu/')
SECURITYDIR ?= $(PREFIX)/lib/$(MULTIARCH)/security

BUILD := .build
MODULE_BUILD := .build-module
MODULE := $(MODULE_BUILD)/release/libpam_twostep.so
DAEMON := $(BUILD)/release/twostepd
# Where demo and tests take the programs from: laid out as they are installed.
TREE := .build-tree

# What building needs, and what the tests and the demo need on top (Debian's names).
BUILD_PACKAGES := libpam0g-dev libssl-dev libsqlite3-dev libqrencode-dev libcrypt-dev
DEMO_PACKAGES := openssh-server openssh-client sudo oathtool iproute2 passwd procps
TEST_PACKAGES := $(DEMO_PACKAGES) login pamtester binutils valgrind mandoc shellcheck systemd zbar-tools \
	python3 python3-pytest python3-pexpect python3-paramiko python3-pyotp

# Whom the bench measures beside us, and what counts system calls.
BENCH_PACKAGES := libpam-google-authenticator libpam-oath strace python3

.PHONY: all module daemon may-become-root deps-build deps-demo deps-test deps-bench demo test bench check format \
	format-check install tree clean help diagram

all: module daemon ## build the module, the daemon and the command line

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The module is always built as it ships: Embedded Swift, no runtime, no heap, no rpath.
module: deps-build
	@echo "== building pam_twostep.so"
	@$(SWIFT) build --traits Embedded --product pam_twostep -c release --scratch-path $(MODULE_BUILD) --disable-local-rpath

daemon: deps-build
	@echo "== building twostepd and twostep (the first time takes some minutes)"
	@$(SWIFT) build --product twostepd -c release

# Whoever cannot is told so before anything is built.
may-become-root:
	@packaging/as-root true

deps-build:
	@packaging/need $(BUILD_PACKAGES)
deps-demo:
	@packaging/need $(BUILD_PACKAGES) $(DEMO_PACKAGES)
deps-test:
	@packaging/need $(BUILD_PACKAGES) $(TEST_PACKAGES)

deps-bench:
	@packaging/need $(BUILD_PACKAGES) $(BENCH_PACKAGES)

install: ## lay everything out below DESTDIR
	@[ -e $(MODULE) ] && [ -e $(DAEMON) ] || $(MAKE) --no-print-directory all
	install -d $(DESTDIR)$(SECURITYDIR) $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 0644 $(MODULE) $(DESTDIR)$(SECURITYDIR)/pam_twostep.so
	strip --strip-unneeded $(DESTDIR)$(SECURITYDIR)/pam_twostep.so
	install -m 0755 $(DAEMON) $(DESTDIR)$(PREFIX)/sbin/twostepd
	strip $(DESTDIR)$(PREFIX)/sbin/twostepd
	ln -sf ../sbin/twostepd $(DESTDIR)$(PREFIX)/bin/twostep
	install -d -m 0750 $(DESTDIR)$(SYSCONFDIR)/twostep
	[ -e $(DESTDIR)$(SYSCONFDIR)/twostep/config.yaml ] || \
		install -m 0640 packaging/config.yaml $(DESTDIR)$(SYSCONFDIR)/twostep/config.yaml
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 0644 packaging/systemd/* $(DESTDIR)$(PREFIX)/lib/systemd/system/
	install -m 0644 packaging/sysusers.d/twostep.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/twostep.conf
	install -m 0644 packaging/tmpfiles.d/twostep.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/twostep.conf
	install -d $(DESTDIR)$(PREFIX)/share/doc/twostep/examples/pam.d
	install -m 0644 pam.d/* $(DESTDIR)$(PREFIX)/share/doc/twostep/examples/pam.d/
	install -m 0644 packaging/sshd_config.d/* $(DESTDIR)$(PREFIX)/share/doc/twostep/examples/
	for page in packaging/man/*.[1-8]; do \
		section=$${page##*.}; \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$$section; \
		install -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$$section/; \
	done

tree: all
	@rm -rf $(TREE)
	@$(MAKE) --no-print-directory install DESTDIR=$(TREE) PREFIX=/usr >/dev/null

demo: may-become-root deps-demo tree ## watch real ssh and sudo ask for codes
	@packaging/as-root Tests/World/enter $(TREE) /mnt/twostep/Tests/World/demo

test: may-become-root deps-test tree ## run every test
	@Tests/run

bench: may-become-root deps-bench tree ## measure beside the peers and a floor in C; QUICK=1 takes under two minutes
	@QUICK=$(QUICK) ONLY="$(ONLY)" Tests/Bench/run

check: deps-test tree format-check ## what CI runs beside the tests: format, linkage, manual pages
	@Tests/check

diagram: ## draw the picture of ARCHITECTURE.md from its source
	@packaging/need graphviz
	dot -Tsvg packaging/doc/login.dot -o packaging/doc/login.svg

format: ## format all Swift sources
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

format-check:
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

clean: ## remove what was built
	rm -rf $(BUILD) $(MODULE_BUILD) $(TREE) .build-bench
