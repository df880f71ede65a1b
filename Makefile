# Twostep's front door. "make demo" shows it, "make test" proves it, "make install" lays it out.

SHELL := /bin/bash
PREFIX ?= /usr
DESTDIR ?=
SYSCONFDIR ?= /etc
SWIFT ?= swift
MULTIARCH := $(shell gcc -print-multiarch 2>/dev/null || cc -print-multiarch 2>/dev/null || uname -m | sed 's/$$/-linux-gnu/')
SECURITYDIR ?= $(PREFIX)/lib/$(MULTIARCH)/security
UNITDIR ?= $(PREFIX)/lib/systemd/system
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
EXAMPLEDIR ?= $(PREFIX)/share/doc/twostep/examples

BUILD := .build
# How the daemon is built: the module is always what is shipped.
CONFIGURATION := release
MODULE_BUILD := .build-module
MODULE := $(MODULE_BUILD)/release/libpam_twostep.so
DAEMON := $(BUILD)/$(CONFIGURATION)/twostepd
# Who asks security keys: a program of its own, which alone is linked with libfido2.
KEYS := $(BUILD)/$(CONFIGURATION)/twostep-fido2
# Where demo and tests take the programs from: laid out as they are installed.
TREE := .build-tree
VERSION := $(shell sed -n 's/.*version = "\(.*\)"/\1/p' Sources/AdminProtocol/Release.swift)

# What building needs, and what the tests and the demo need on top (Debian's names).
BUILD_PACKAGES := libpam0g-dev libssl-dev libsqlite3-dev libqrencode-dev libcrypt-dev libfido2-dev libpq-dev
DEMO_PACKAGES := openssh-server openssh-client sudo oathtool iproute2 passwd procps
TEST_PACKAGES := $(DEMO_PACKAGES) login pamtester binutils valgrind strace mandoc shellcheck systemd zbar-tools curl openssl \
	python3 python3-pytest python3-pexpect python3-paramiko python3-pyotp python3-cryptography python3-cbor2 postgresql
CHECK_PACKAGES := binutils mandoc shellcheck systemd python3 sudo openssh-server apparmor fail2ban fish zsh \
	checkpolicy semodule-utils
ANIMATION_PACKAGES := $(DEMO_PACKAGES) python3 python3-pexpect python3-pyte
DEB_PACKAGES := dpkg-dev debhelper dh-apparmor lintian
RPM_PACKAGES := rpm cpio checkpolicy semodule-utils

# Whom the bench measures beside us, and what counts system calls.
BENCH_PACKAGES := libpam-google-authenticator libpam-oath strace python3

.PHONY: all module daemon demo test test-fleet attacks soak mutants fuzz bench check package-test upgrade-test animation deb rpm format format-check install tree
.PHONY: clean help diagram may-become-root
.PHONY: deps-build deps-demo deps-test deps-attacks deps-bench deps-animation deps-check deps-deb deps-rpm

all: module daemon ## build the module, the daemon and the command line

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The module is always built as it ships: Embedded Swift, no runtime, no heap, no rpath.
module: deps-build
	@echo "== building pam_twostep.so"
	@$(SWIFT) build --traits Embedded --product pam_twostep -c release --scratch-path $(MODULE_BUILD) --disable-local-rpath

daemon: deps-build
	@echo "== building twostepd and twostep (the first time takes some minutes)"
	@$(SWIFT) build --product twostepd -c $(CONFIGURATION)
	@$(SWIFT) build --product twostep-fido2 -c $(CONFIGURATION)

# Whoever cannot is told so before anything is built.
may-become-root:
	@packaging/as-root true

deps-build:
	@packaging/need $(BUILD_PACKAGES)
deps-demo:
	@packaging/need $(BUILD_PACKAGES) $(DEMO_PACKAGES)
deps-test:
	@packaging/need $(BUILD_PACKAGES) $(TEST_PACKAGES)
deps-animation:
	@packaging/need $(BUILD_PACKAGES) $(ANIMATION_PACKAGES)
deps-attacks:
	@packaging/need $(BUILD_PACKAGES) $(TEST_PACKAGES)
deps-check:
	@packaging/need $(BUILD_PACKAGES) $(CHECK_PACKAGES)
deps-deb:
	@packaging/need $(BUILD_PACKAGES) $(DEB_PACKAGES)
deps-rpm:
	@packaging/need $(BUILD_PACKAGES) $(RPM_PACKAGES)

deps-bench:
	@packaging/need $(BUILD_PACKAGES) $(BENCH_PACKAGES)

install: ## lay everything out below DESTDIR
	@[ -e $(MODULE) ] && [ -e $(DAEMON) ] && [ -e $(KEYS) ] || $(MAKE) --no-print-directory all
	install -d $(DESTDIR)$(SECURITYDIR) $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	install -m 0644 $(MODULE) $(DESTDIR)$(SECURITYDIR)/pam_twostep.so
	strip --strip-unneeded --remove-section=.comment --remove-section=.note $(DESTDIR)$(SECURITYDIR)/pam_twostep.so
	install -m 0755 $(DAEMON) $(DESTDIR)$(PREFIX)/sbin/twostepd
	strip --remove-section=.comment --remove-section=.note $(DESTDIR)$(PREFIX)/sbin/twostepd
	ln -sf ../sbin/twostepd $(DESTDIR)$(PREFIX)/bin/twostep
	install -d $(DESTDIR)$(PREFIX)/lib/twostep
	ln -sf ../../sbin/twostepd $(DESTDIR)$(PREFIX)/lib/twostep/twostep-launcher
	install -m 0755 $(KEYS) $(DESTDIR)$(PREFIX)/lib/twostep/twostep-fido2
	strip --remove-section=.comment --remove-section=.note $(DESTDIR)$(PREFIX)/lib/twostep/twostep-fido2
	install -d -m 0750 $(DESTDIR)$(SYSCONFDIR)/twostep
	[ -e $(DESTDIR)$(SYSCONFDIR)/twostep/config.yaml ] || \
		install -m 0640 packaging/config.yaml $(DESTDIR)$(SYSCONFDIR)/twostep/config.yaml
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 0644 packaging/systemd/* $(DESTDIR)$(UNITDIR)/
	install -m 0644 packaging/sysusers.d/twostep.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/twostep.conf
	install -m 0644 packaging/tmpfiles.d/twostep.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/twostep.conf
	install -D -m 0644 -t $(DESTDIR)$(UDEVDIR) packaging/udev/*
	install -d $(DESTDIR)$(EXAMPLEDIR)/pam.d
	install -m 0644 pam.d/* $(DESTDIR)$(EXAMPLEDIR)/pam.d/
	install -m 0644 packaging/sshd_config.d/* $(DESTDIR)$(EXAMPLEDIR)/
	cd packaging/examples && find . -type f -exec install -D -m 0644 {} $(abspath $(DESTDIR)/)$(EXAMPLEDIR)/{} \;
	for page in packaging/man/*.[1-8]; do \
		section=$${page##*.}; \
		install -d $(DESTDIR)$(PREFIX)/share/man/man$$section; \
		install -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$$section/; \
	done
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	# One executable is both programs; each writes the completions of the name that it is called by.
	set -o pipefail; \
	for program in bin/twostep sbin/twostepd; do \
		name=$${program##*/}; \
		completions() { $(DESTDIR)$(PREFIX)/$$program --generate-completion-script "$$1" | sed '1{/^#!/d}'; }; \
		completions bash >$(DESTDIR)$(BASHDIR)/$$name && completions zsh >$(DESTDIR)$(ZSHDIR)/_$$name && \
		completions fish >$(DESTDIR)$(FISHDIR)/$$name.fish || exit 1; \
	done

tree: all
	@rm -rf $(TREE)
	@$(MAKE) --no-print-directory install DESTDIR=$(TREE) PREFIX=/usr >/dev/null

demo: may-become-root deps-demo tree ## watch real ssh and sudo ask for codes
	@packaging/as-root Tests/World/enter $(TREE) /mnt/twostep/Tests/World/demo

test: may-become-root deps-test tree ## run every test
	@Tests/run

test-fleet: may-become-root deps-test tree ## run what concerns daemons that share a database: servers that fail over, cables that are cut, attacks (ten minutes)
	@Tests/Fleet/run

attacks: may-become-root deps-attacks tree ## try what must not get past, and count its rows; QUICK=1 leaves the long ones out
	@QUICK=$(QUICK) Tests/Attacks/run

soak: may-become-root deps-attacks tree ## the long ones alone: a thousand deaths, ten thousand conversations (an hour)
	@SOAK=1 Tests/Attacks/run

mutants: may-become-root deps-attacks ## take the defences out one by one: each is missed by its test; ONLY=name, FULL=1
	@ONLY="$(ONLY)" FULL=$(FULL) Tests/Mutants/run

fuzz: may-become-root deps-test ## feed whatever comes to all that reads (libFuzzer, ASan); SECONDS_EACH=600, ONLY=name, QUICK=1
	@SECONDS_EACH="$(SECONDS_EACH)" ONLY="$(ONLY)" QUICK=$(QUICK) SWIFT="$(SWIFT)" Tests/Fuzz/run

bench: may-become-root deps-bench tree ## measure beside the peers and a floor in C; QUICK=1 takes under two minutes
	@QUICK=$(QUICK) ONLY="$(ONLY)" Tests/Bench/run

check: deps-check tree format-check ## what CI runs beside the tests: format, linkage, manual pages
	@Tests/check

package-test: may-become-root deb ## install the package in a bare Debian, use it, remove it (some minutes, and the network)
	@packaging/need debootstrap
	@packaging/as-root Tests/Package/run twostep_$(VERSION)_$(shell dpkg --print-architecture).deb

# Its programs are built from nothing, in a folder that stays: some minutes the first time.
upgrade-test: may-become-root deps-test tree ## try the upgrade from another commit: OLD=v0.1.0
	@[ -n "$(OLD)" ] || { echo "usage: make upgrade-test OLD=COMMIT" >&2; exit 2; }
	@mkdir -p .build-old/source && find .build-old/source -mindepth 1 -maxdepth 1 ! -name '.build*' -exec rm -rf {} +
	@set -o pipefail; git archive $(OLD) | tar -x -C .build-old/source
	@$(MAKE) --no-print-directory -C .build-old/source tree
	@packaging/as-root env TWOSTEP_OLD_TREE=.build-old/source/.build-tree Tests/World/enter $(TREE) \
		/usr/bin/python3 -B -m pytest --rootdir /mnt/twostep/Tests/EndToEnd /mnt/twostep/Tests/EndToEnd/test_upgrade.py

# The folder that Debian's tools want at the top stands in packaging/, and is copied to where they work.
deb: deps-deb all ## build twostep_VERSION_ARCH.deb
	@rm -rf .build-deb twostep_*.deb
	@mkdir -p .build-deb/twostep/packaging
	@cp -r packaging/debian .build-deb/twostep/
	cd .build-deb/twostep && TOP=$(CURDIR) dpkg-buildpackage --build=binary --no-sign --no-check-builddeps
	lintian --allow-root --info --display-info --pedantic --fail-on error,warning,info,pedantic .build-deb/twostep_*.changes
	@mv .build-deb/twostep_*.deb .
	@ls -l twostep_*.deb

rpm: deps-rpm all ## build an RPM of what was built here, with an authselect profile and an SELinux policy module
	@packaging/rpm/build $(VERSION)

diagram: ## draw the picture of ARCHITECTURE.md from its source
	@packaging/need graphviz
	dot -Tsvg packaging/doc/login.dot -o packaging/doc/login.svg

animation: may-become-root deps-animation tree ## record the session that README shows, and draw it
	packaging/as-root Tests/World/enter $(TREE) /mnt/twostep/Tests/World/session >.build-session.cast
	packaging/doc/animate <.build-session.cast >packaging/doc/session.svg
	@rm .build-session.cast

format: ## format all Swift sources
	@$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

format-check:
	@$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

clean: ## remove what was built
	rm -rf $(BUILD) $(MODULE_BUILD) $(TREE) .build-deb .build-rpm twostep_*.deb twostep-*.rpm .build-bench .build-old .build-mutants .build-fuzz
