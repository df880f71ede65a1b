"""pam_twostep.so itself: what libpam is told, and that it leaves its host as it was."""

import os
import re
import subprocess
from pathlib import Path

import pam
import pytest
import world

MODULE = next(Path("/mnt/twostep/usr/lib").glob("*/security/pam_twostep.so"))
EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"


def test_the_right_code_is_a_success_and_setcred_and_account_do_not_disturb(daemon, enrolled):
    user, phone = enrolled
    world.write_stack("e2e-account", "auth required pam_twostep.so", "account required pam_twostep.so")
    login = pam.log_in("e2e-account", user, phone.next(), rest=True)
    assert (login.code, login.setcred, login.account) == (pam.SUCCESS, pam.SUCCESS, pam.SUCCESS)
    assert login.environment == {"TWOSTEP_PROVIDER": "pam", "TWOSTEP_MODULES": "totp"}


def test_a_refused_login_leaves_nothing_in_the_environment(daemon, enrolled):
    user, phone = enrolled
    assert pam.log_in("e2e", user, *phone.wrong(3)).environment == {}


@pytest.mark.parametrize("answers, code", [
    (lambda phone: [phone.wrong(), phone.wrong()], pam.AUTH_ERR),
    (lambda phone: [None], pam.CONV_ERR),
    (lambda phone: phone.wrong(3), pam.MAXTRIES),
    (lambda phone: ["", "", ""], pam.AUTH_ERR),
], ids=["the same wrong code twice", "no answer", "three wrong codes", "empty"])
def test_each_failure_has_its_code(daemon, enrolled, answers, code):
    user, phone = enrolled
    # sshd has three tries; other services one.
    with world.stack_replaced("sshd", "auth required pam_twostep.so"):
        login = pam.log_in("sshd", user, *answers(phone))
    assert login.code in (code, pam.MAXTRIES) if code == pam.AUTH_ERR else login.code == code


def test_without_evidence_nobody_is_asked(daemon, enrolled):
    user, _ = enrolled
    login = pam.log_in("e2e", user, "123456", environment={})
    assert (login.code, login.prompts) == (pam.AUTH_ERR, [])


@pytest.mark.parametrize("line", [
    "keyboard-interactive", "keyboard-interactive/pam", "", "publickeys", " ", "\n\n", "xpublickey ssh-ed25519",
])
def test_what_is_no_evidence_asks_nobody(daemon, enrolled, line):
    user, _ = enrolled
    login = pam.log_in("e2e", user, "123456", environment={"SSH_AUTH_INFO_0": line})
    assert not login.granted and login.prompts == [], login


@pytest.mark.parametrize("line", [
    "exempt=succes", "socket=relative", "provider=", "socket=/a socket=/b", "debug", "exempt=success exempt=success",
])
def test_a_word_on_the_pam_line_that_is_not_understood_is_a_service_error(daemon, enrolled, syslog, line):
    user, phone = enrolled
    world.write_stack("e2e-line", f"auth required pam_twostep.so {line}")
    assert pam.log_in("e2e-line", user, phone.next()).code == pam.SERVICE_ERR
    assert syslog.since_mark(r"pam_twostep\(e2e-line:auth\): the argument", count=1)


def test_a_provider_on_the_pam_line_that_is_not_configured_is_a_service_error(daemon, enrolled):
    user, phone = enrolled
    world.write_stack("e2e-line", "auth required pam_twostep.so provider=linux")
    assert pam.log_in("e2e-line", user, phone.next()).code == pam.SERVICE_ERR
    assert daemon.log.since_mark("login misconfigured reason=bad_argument", count=1)


@pytest.mark.parametrize("name", ["0x0", "-1", "4294967295", "Root", "root ", "..", "a/b", "x" * 256, "é", "no\nbody"])
def test_a_name_that_is_nobodys_is_refused(daemon, name):
    assert not pam.log_in("e2e", name, "123456", "123457", "123458").granted


def test_a_hostile_remote_host_stays_on_one_line_of_the_journal(daemon, enrolled):
    user, _ = enrolled
    hostile = 'x\nlogin granted service=sshd user="root"\x1b]0;title\x07'
    pam.log_in("e2e", user, "123456", rhost=hostile)
    assert not [line for line in daemon.log.since_mark() if line.startswith("login granted") or "\x1b" in line]


def test_valgrind_finds_nothing_in_a_whole_login(daemon, enrolled):
    user, phone = enrolled
    log = Path("/tmp/valgrind")
    done = world.run(
        "valgrind", "--leak-check=full", "--show-leak-kinds=all", "--num-callers=40", f"--log-file={log}",
        "pamtester", "-E", EVIDENCE, "e2e", user, "authenticate", "setcred", input=f"{phone.wrong()}\n{phone.next()}\n")
    refused = done.returncode
    done = world.run(
        "valgrind", "--leak-check=full", "--show-leak-kinds=all", "--num-callers=40", f"--log-file={log}.2",
        "pamtester", "-E", EVIDENCE, "e2e", user, "authenticate", "setcred", input=f"{phone.next()}\n")
    assert (refused, done.returncode) == (1, 0), done
    for report in (log, Path(f"{log}.2")):
        # A record is a paragraph; libpam and libc keep some memory of their own.
        text = re.sub(r"^==\d+== ?", "", report.read_text(), flags=re.M)
        records = [record for record in re.split(r"\n\s*\n", text) if "pam_twostep" in record or "pam_sm_" in record]
        assert not records, records[0]
        assert re.search(r"ERROR SUMMARY: 0 errors", text), text


def test_loading_it_a_thousand_times_leaves_threads_handlers_and_memory_alone(daemon, enrolled):
    """In a process of its own, which says what it found."""
    program = r"""
import ctypes, os, re, sys, time
sys.path.insert(0, "/mnt/twostep/Tests/EndToEnd")
import pam
def facts():
    text = open("/proc/self/status").read()
    return {name: re.search(rf"^{name}:\s*(\S+)", text, re.M)[1] for name in ("Threads", "SigCgt", "SigBlk", "SigIgn")}
pam.log_in("e2e", sys.argv[1], None)
before, files = facts(), len(os.listdir("/proc/self/fd"))
size = int(open("/proc/self/statm").read().split()[1])
start = time.monotonic()
for _ in range(1000):
    assert pam.log_in("e2e", sys.argv[1], environment={}).code == pam.AUTH_ERR
took = time.monotonic() - start
assert facts() == before, (facts(), before)
assert len(os.listdir("/proc/self/fd")) == files
grown = int(open("/proc/self/statm").read().split()[1]) - size
assert grown < 256, grown
print("%.3f ms" % took)
"""
    done = world.run("/usr/bin/python3", "-c", program, enrolled[0])
    assert done.returncode == 0, done.stderr


def test_it_loads_in_well_under_a_millisecond():
    program = (
        "import ctypes, time, sys; ctypes.CDLL('libpam.so.0')\n"
        "start = time.perf_counter(); ctypes.CDLL(sys.argv[1]); print(time.perf_counter() - start)")
    took = min(float(subprocess.check_output(["/usr/bin/python3", "-c", program, MODULE])) for _ in range(5))
    assert took < 0.001, took


def test_it_never_writes_a_secret_into_a_log(daemon, enrolled, syslog):
    user, phone = enrolled
    right, wrong = phone.next(), phone.wrong()
    pam.log_in("e2e", user, wrong)
    assert pam.log_in("e2e", user, right).granted
    daemon.log.since_mark(f'login granted .*user="{user}"', count=1)
    for line in daemon.log.since_mark() + syslog.since_mark():
        # Numbers of other things may have six digits, but not these.
        assert right not in line and wrong not in line and phone.secret not in line


def test_it_works_in_a_process_that_forks_between_start_and_authenticate(daemon, enrolled):
    user, phone = enrolled
    code = phone.next()
    child = os.fork()
    if child == 0:
        os._exit(0 if pam.log_in("e2e", user, code).granted else 1)
    assert os.waitpid(child, 0)[1] == 0
