"""Factors and passwords that programs judge: those of the manual page, and hostile ones, through real logins."""

import hashlib
import os
import re
import socket
import subprocess
import textwrap
from pathlib import Path

import pexpect
import pytest
import world
from test_death import control_group
from terminal import Paramiko, expect, finish, spawn

FOLDER = Path("/etc/twostep-programs")
EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"
PAGE = Path("/mnt/twostep/usr/share/man/man7/twostep-module.7")
QUESTION = r"[A-Z][a-z ]+(?:\(r goes back\))?: $"


def write(name, text, mode=0o755):
    """Makes a program as an administrator does."""
    FOLDER.mkdir(mode=0o755, exist_ok=True)
    path = FOLDER / name
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def python(name, validate):
    """A program that describes a form of one field, and does this when it is asked about an answer."""
    return write(name, textwrap.dedent("""\
        #!/usr/bin/python3 -I
        import json, os, signal, socket, sys, time
        from importlib import import_module
        question = json.loads(sys.stdin.readline())
        def say(**answer):
            print(json.dumps({"twostep": 1} | answer), flush=True)
        def accept(**more):
            say(verdict="accepted", user=question["user"], **more)
        if question["request"] == "describe":
            say(fields=[{"name": "code", "label": "Door code"}])
            sys.exit(0)
        code = question["answers"]["code"]
        """) + textwrap.dedent(validate))


def module(path, **more):
    settings = "".join(f", {key}: {value}" for key, value in more.items())
    return f"auth_providers:\n  - type: pam\n    modules: [{{type: command_line, id: door, program: {path}{settings}}}]\n"


def ask(place, user, *answers, timeout=40):
    """A login by pamtester: how it ended, and all that was shown."""
    child = spawn("pamtester", "-v", "-E", EVIDENCE, place.service, user, "authenticate", timeout=timeout)
    for answer in answers:
        if expect(child, QUESTION, pexpect.EOF) == 1:
            break
        child.sendline(answer)
    # Whoever is asked once more has nothing more to say.
    while expect(child, QUESTION, pexpect.EOF) == 0:
        child.sendeof()
    return finish(child)


def verdicts(place, user, count=1):
    return place.log.since_mark(rf'login \w+ .*user="{user}"', count=count)


def processes(pattern):
    return subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True).stdout.split()


def gone(pattern):
    """Waits until the kernel has taken away what was ended: it runs nothing any more, but is there until it has been scheduled."""
    world.wait_until(lambda: not processes(pattern), f"{pattern} to be gone", 5)


@pytest.fixture
def user():
    return world.new_user()


# --- those of the manual page ---------------------------------------------------------------------------------------


def examples():
    """The programs that stand in twostep-module(7), by their first line."""
    text = subprocess.run(["mandoc", "-Tutf8", "-Owidth=200", PAGE], capture_output=True, text=True, check=True).stdout
    text = re.sub(".\x08", "", text).split("EXAMPLES", 1)[1].split("SEE ALSO", 1)[0]
    found = re.findall(r"^     (#!.*\n(?:(?:     .*)?\n)*?)(?=\n     \S[^\n]*\.\n|\n     Whether)", text, re.MULTILINE)
    programs = [textwrap.dedent("     " + program) for program in found]
    assert [program.split("\n")[0] for program in programs] == ["#!/bin/sh", "#!/usr/bin/python3 -I"]
    return programs


def test_the_example_in_sh_lets_in_by_ssh_with_the_right_word_alone(elsewhere, sshd, user):
    path = write("word", examples()[0])
    write("word.sha256", hashlib.sha256(b"open").hexdigest() + "\n", 0o644)
    place = elsewhere(module(path))
    with world.stacks_for(place, "sshd"):
        client = Paramiko(sshd, user)
        assert not client.interactive("shut", 'x","user":"root', "open sesame")
        assert client.prompts[0] == "Word of the house: "
        client.close()
        client = Paramiko(sshd, user)
        assert client.interactive("open")
        assert client.run("id -un").strip() == user
        client.close()
    assert place.log.since_mark(rf'login granted .*user="{user}" .*modules=command_line:door', count=1)
    assert place.log.since_mark(rf'login denied .*user="{user}"', count=1)


def test_the_example_in_python_lets_in_with_a_sentence_that_its_user_has_chosen(elsewhere, user):
    place = elsewhere(module(write("sentence", examples()[1]), setup="true"))
    short = world.twostep("enroll", user, "command_line:door", runtime=place.runtime, input="too short\n")
    assert short.returncode == 1 and "A sentence has four words at least." in short.stdout + short.stderr
    done = world.twostep("enroll", user, "command_line:door", runtime=place.runtime, input="it rains in the café\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ask(place, user, "it rains in the house")[0] != 0
    assert world.failures_of(user, runtime=place.runtime) == 1
    assert ask(place, user, "it rains in the café")[0] == 0
    # Another has enrolled nothing, and is asked and refused all the same.
    assert ask(place, world.new_user(), "it rains in the café")[0] != 0


def test_what_is_spent_is_spent_before_anybody_gets_in(elsewhere, user):
    path = write("counter", textwrap.dedent('''\
        #!/usr/bin/python3 -I
        import json, sys
        question = json.loads(sys.stdin.readline())
        answers = {
            "describe": lambda: {"fields": [{"name": "code", "label": "Door code"}], "setup": True},
            "begin_setup": lambda: {"fields": [{"name": "code", "label": "Door code"}], "payload": "seed"},
            "finish_setup": lambda: {"verdict": "accepted", "payload": question["payload"], "state": 5},
            "validate": lambda: {
                "verdict": "accepted", "user": question["user"], "device": question["devices"][0]["name"],
                "state": int(question["answers"]["code"])} if question["devices"] else {"verdict": "wrong"},
        }
        print(json.dumps({"twostep": 1} | answers[question["request"]]()))
        '''))
    place = elsewhere(module(path, setup="true"))
    assert world.twostep("enroll", user, "command_line:door", runtime=place.runtime, input="x\n").returncode == 0
    assert ask(place, user, "5")[0] != 0
    assert ask(place, user, "6")[0] == 0
    assert ask(place, user, "6")[0] != 0
    place.kill()
    place.start()
    assert ask(place, user, "6")[0] != 0
    assert ask(place, user, "7")[0] == 0
    # A replay is no guess.
    assert world.failures_of(user, runtime=place.runtime) == 0


def test_a_set_up_that_is_slow_to_begin_ends_before_the_login_does(elsewhere, user):
    path = write("slow", textwrap.dedent("""\
        #!/usr/bin/python3 -I
        import json, sys, time
        if json.loads(sys.stdin.readline())["request"] == "begin_setup":
            time.sleep(1000)
        print(json.dumps({"twostep": 1, "fields": [{"name": "code", "label": "Door code"}], "setup": True}))
        """))
    rule = "policy:\n  - {match: {}, unenrolled: enroll, enroll_until: 2199-12-31}\n"
    place = elsewhere(module(path, setup="true", time="60s") + rule)
    assert ask(place, user)[0] != 0
    assert "login unavailable reason=module_failed" in verdicts(place, user)[0]
    assert place.log.since_mark(f"module command_line:door cannot set up anything: {path}: it has not answered within 8 s")
    gone(str(path))


# --- what a program may do wrong ------------------------------------------------------------------------------------

ENDINGS = {
    "exits 1": ("accept(); sys.exit(1)", "ended with status 1"),
    "dies of a signal": ("accept(); import_module('ctypes').string_at(0)", "ended by signal 11"),
    "crashes": ("raise ValueError(code)", "ended with status 1"),
    "says nothing": ("pass", "answers nothing"),
    "says anything": ("print('yes')", "its answer"),
    "says yes twice": ("accept(); accept()", "more than one line"),
    "says yes and more": ("accept(admin=True)", "'admin'"),
    "says yes for nobody in particular": ("say(verdict='accepted')", "does not say whose"),
    "says yes in another version": ("print(json.dumps({'twostep': 2, 'verdict': 'accepted', 'user': question['user']}))", "version 1"),
    "hangs": ("accept(); time.sleep(1000)", "not ended within 2 s"),
    "hangs with its output closed": ("accept(); os.close(1); time.sleep(1000)", "not ended within 2 s"),
    "writes 1 GiB": ("block = b' ' * (1 << 20)\nfor _ in range(1 << 10): os.write(1, block)", "more than 65536 bytes"),
    "writes a line of 5,000 bytes": ("accept(notice='x' * 5000)", "longer than 4096"),
    "takes 1 GiB of memory": ("bytearray(1 << 30); accept()", "ended with status 1"),
}


@pytest.mark.parametrize("what", ENDINGS)
def test_a_program_that_does_wrong_lets_nobody_in_and_charges_nobody(elsewhere, user, what):
    program, reason = ENDINGS[what]
    place = elsewhere(module(python("wrong", program), time="2s"))
    code, shown = ask(place, user, "1234")
    assert code != 0
    assert verdicts(place, user)[0].count("reason=module_failed") == 1
    assert place.log.since_mark(f"module command_line:door: .*({reason})", count=1)
    assert world.failures_of(user, runtime=place.runtime) == 0
    gone(FOLDER)


def test_a_wrong_answer_is_charged_and_a_right_one_refunds(elsewhere, user):
    place = elsewhere(module(python("door", "accept() if code == '1234' else say(verdict='wrong')")))
    assert ask(place, user, "4321")[0] != 0
    assert world.failures_of(user, runtime=place.runtime) == 1
    assert ask(place, user, "1234")[0] == 0
    assert world.failures_of(user, runtime=place.runtime) == 0


@pytest.mark.parametrize("name", ["", "root", "alice ", "twostep"])
def test_a_program_that_names_somebody_else_is_refused(elsewhere, user, name):
    place = elsewhere(module(python("other", f"say(verdict='accepted', user={name!r})")))
    assert ask(place, user, "1234")[0] != 0
    assert "username_changed" in verdicts(place, user)[0]
    assert not place.log.since_mark("login granted")


def test_a_program_that_is_gone_or_was_never_fit_runs_nowhere(elsewhere, user):
    path = python("gone", "accept()")
    place = elsewhere(module(path))
    path.unlink()
    assert ask(place, user, "1234")[0] != 0
    assert place.log.since_mark("module command_line:door: .*is not there", count=1)
    path = python("gone", "accept()")
    path.chmod(0o777)
    assert ask(place, user, "1234")[0] != 0
    assert place.log.since_mark("module command_line:door: .*can be written by others than root", count=1)


UNFIT = {
    "missing": (lambda path: path.unlink(), "is not there"),
    "not executable": (lambda path: path.chmod(0o644), "not executable by all"),
    "writable by others": (lambda path: path.chmod(0o757), "can be written by others"),
    "a user's": (lambda path: os.chown(path, 65533, 0), "belongs to uid 65533"),
    "setuid": (lambda path: path.chmod(0o4755), "setuid"),
    "a link": (lambda path: path.rename(path.with_suffix(".real")) and path.symlink_to(path.with_suffix(".real")), "is a link"),
    "in a folder of others": (lambda path: FOLDER.chmod(0o777), "can be written by others"),
    "one that describes nothing": (lambda path: path.write_text("#!/bin/sh\necho '{\"twostep\":1}'\n"), "describes no fields"),
}


@pytest.mark.parametrize("what", UNFIT)
def test_a_program_that_is_unfit_makes_a_broken_configuration(elsewhere, what):
    change, reason = UNFIT[what]
    path = python("unfit", "accept()")
    place = elsewhere(module(path), start=False)
    change(path)
    try:
        place.start(serving=False)
        status = place.status()
        assert not status["serving"]
        assert re.search(f"config.yaml:3:.*({reason})", "\n".join(status["problems"])), status["problems"]
        if what != "one that describes nothing":
            done = world.run("twostep", "check", "--only", "configuration", *place.places[:2])
            assert done.returncode != 0 and re.search(reason, done.stdout + done.stderr), done
    finally:
        FOLDER.chmod(0o755)


OUT = {
    "no program": ("hello", "cannot be run|status"),
    "one that ends with an error": ("#!/bin/sh\nexit 3\n", "ended with status 3"),
}


@pytest.mark.parametrize("what", OUT)
def test_a_program_that_does_not_answer_costs_the_steps_that_need_it_and_no_others(elsewhere, user, what):
    text, reason = OUT[what]
    path = write("out", text)
    place = elsewhere(
        "auth_providers:\n  - type: pam\n    modules:\n"
        f"      - any_of: [{{type: totp}}, {{type: command_line, id: other, program: {path}}}]\n"
        "policy:\n  - match: {service: e2e-door}\n    modules: [command_line:other]\n"
        "  - match: {service: e2e-either}\n    modules: [{any_of: [totp, command_line:other]}]\n"
        "  - match: {}\n    modules: [totp]\n")
    for service in ("e2e-door", "e2e-either"):
        world.write_stack(service, f"auth required pam_twostep.so socket={place.socket}")
    assert re.search(reason, "\n".join(place.status()["warnings"])), place.status()
    phone = world.enroll(user, runtime=place.runtime)

    def log_in(service, *answers):
        child = spawn("pamtester", "-v", "-E", EVIDENCE, service, user, "authenticate")
        for answer in answers:
            assert expect(child, r"[^\n]*: $", pexpect.EOF) == 0, child.shown
            child.sendline(answer)
        return finish(child)

    # Nobody is asked what nobody could judge, and nobody gets in without it.
    code, shown = log_in("e2e-door")
    assert code != 0 and "Door" not in shown and "Answer" not in shown, shown
    assert place.log.since_mark(f"module command_line:other: .*({reason})", count=1)
    assert place.log.since_mark("login unavailable reason=module_failed service=e2e-door", count=1)
    # Where another will do, that is asked for.
    assert log_in("e2e-either", phone.next())[0] == 0
    assert log_in(place.service, phone.wrong())[0] != 0
    assert world.failures_of(user, runtime=place.runtime) == 1
    # It is asked again by itself.
    python("out", "accept() if code == '1234' else say(verdict='wrong')")
    world.wait_until(lambda: not place.status()["warnings"], "the program to be asked again", 30)
    assert place.log.since_mark("command_line:other answers", count=1)
    assert log_in("e2e-door", "1234")[0] == 0


def test_a_provider_whose_program_does_not_answer_costs_its_own_logins(elsewhere, user):
    path = write("first", "#!/bin/sh\nexit 3\n")
    place = elsewhere(
        "auth_providers:\n  - type: pam\n    modules: [{type: totp}]\n"
        f"  - type: command_line\n    program: {path}\n    modules: [totp]\n"
        "policy:\n  - match: {service: e2e-first}\n    provider: command_line\n"
        "  - match: {}\n    provider: pam\n")
    world.write_stack("e2e-first", f"auth required pam_twostep.so socket={place.socket}")
    child = spawn("pamtester", "-v", "e2e-first", user, "authenticate")
    code, shown = finish(child)
    assert code != 0 and "assword" not in shown and "Answer" not in shown, shown
    assert place.log.since_mark("login unavailable reason=provider_failed service=e2e-first", count=1)
    phone = world.enroll(user, runtime=place.runtime)
    child = spawn("pamtester", "-v", "-E", EVIDENCE, place.service, user, "authenticate")
    expect(child, "Verification code: ")
    child.sendline(phone.next())
    assert finish(child)[0] == 0


def test_what_a_program_and_all_that_it_starts_have_in_memory_is_bounded(elsewhere, user):
    # What they share is counted for each, and so the machine needs no more than the first of them has.
    place = elsewhere(module(python("large", """
        memory = bytearray(os.urandom(1024)) * (150 << 10)
        for number in range(3):
            if os.fork() == 0:
                time.sleep(8)
                os._exit(0)
        time.sleep(8)
        accept()
        """)))
    assert ask(place, user, "1234")[0] != 0
    assert place.log.since_mark("module command_line:door: .*ended by signal 9", count=1)
    place = elsewhere(module(python("small", "memory = bytearray(os.urandom(1024)) * (150 << 10)\naccept()")))
    assert ask(place, user, "1234")[0] == 0


# --- what a program cannot reach ------------------------------------------------------------------------------------

PROBES = """
import glob, resource
def attempt(body):
    try:
        return f"DONE {body()!r}"[:150]
    except BaseException as error:
        return f"refused: {type(error).__name__}"
def connect(path):
    socket.socket(socket.AF_UNIX).connect(path)
def dial(port):
    socket.create_connection(("127.0.0.1", port), timeout=3)
def bomb():
    count = 0
    while True:
        if os.fork() == 0:
            time.sleep(1000)
        count += 1
        if count > 100:
            return count
def linger():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv("/bin/sleep", ["sleep", "98765"])
        os._exit(0)
    os.wait()
    return 0
word, _, rest = code.partition(" ")
result = {
    "read": lambda: open(rest, "rb").read(10),
    "list": lambda: os.listdir(rest),
    "write": lambda: open(rest, "w").write("x"),
    "connect": lambda: connect(rest),
    "dial": lambda: dial(int(rest)),
    "others": lambda: [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()],
    "root": lambda: os.setuid(0),
    "bomb": bomb,
    "linger": linger,
    "who": lambda: (os.getuid(), os.getgid(), os.getgroups(), os.getppid()),
    "status": lambda: [line.split()[1] for line in open("/proc/self/status") if line.startswith(("NoNewPrivs", "CapEff", "CapPrm"))],
    "environment": lambda: sorted(os.environ),
    "files": lambda: sorted(os.listdir("/proc/self/fd"), key=int),
    "arguments": lambda: open("/proc/self/cmdline").read().split("\\0"),
}[word]
accept(notice=attempt(result).replace("\\n", " "))
"""


@pytest.fixture(scope="module")
def prober():
    return python("probe", PROBES)


def probe(place, user, what):
    """What a program was told when it tried this."""
    code, shown = ask(place, user, what)
    assert code == 0, shown
    found = re.search(r"(DONE [^\r\n]*|refused: \w+)", shown)
    assert found, shown
    return found.group(1)


FORBIDDEN = {
    "the store": lambda place: f"list {place.state}",
    "the store's file": lambda place: f"read {place.state}/twostep.sqlite",
    "the key": lambda place: f"read {place.key}",
    "the configuration": lambda place: f"read {place.configuration}",
    "the passwords": lambda place: "read /etc/shadow",
    "the login socket": lambda place: f"connect {place.socket}",
    "the administrator's socket": lambda place: f"connect {place.runtime}/admin.sock",
    "the socket of programs": lambda place: f"connect {place.runtime}/program.sock",
    "the daemon's memory": lambda place: f"read /proc/{place.process.pid}/mem",
    "root's files": lambda place: "list /root",
    "a file of the system": lambda place: "write /etc/passwd",
    "a place of everybody's": lambda place: "write /run/x",
    "root itself": lambda place: "root",
    "the host's sshd": lambda place: f"dial {place.port}",
    "a hundred processes": lambda place: "bomb",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_from_inside_it_is_refused_by_name(elsewhere, sshd, prober, user, what):
    place = elsewhere(module(prober))
    place.port = sshd.port
    assert probe(place, user, FORBIDDEN[what](place)).startswith("refused: ")
    gone(FOLDER)


def test_it_is_nobody_with_nothing_open_and_nothing_in_its_surroundings(elsewhere, prober, user):
    place = elsewhere(module(prober, arguments="['-v', '$(id)']"))
    uid, gid, groups, parent = eval(probe(place, user, "who").removeprefix("DONE "))
    assert uid == gid >= 60000 and groups == [] and parent == 0
    assert probe(place, user, "status") == "DONE ['0000000000000000', '0000000000000000', '1']"
    variables = eval(probe(place, user, "environment").removeprefix("DONE "))
    assert set(variables) - {"LC_CTYPE"} == {"HOME", "LANG", "PATH", "TWOSTEP_CONTRACT"}
    # The fourth is the listing's own.
    assert probe(place, user, "files") == "DONE ['0', '1', '2', '3']"
    assert "'-v', '$(id)'" in probe(place, user, "arguments")


def test_only_its_own_processes_are_there(elsewhere, prober, user):
    assert probe(elsewhere(module(prober)), user, "others") == "DONE []"


def test_the_network_is_there_where_the_configuration_says_so(elsewhere, sshd, prober, user):
    place = elsewhere(module(prober, network="true"))
    assert probe(place, user, f"dial {sshd.port}") == "DONE None"


def test_nothing_outlives_it_although_it_holds_the_pipe(elsewhere, prober, user):
    place = elsewhere(module(prober))
    assert probe(place, user, "linger") == "DONE 0"
    gone("sleep 98765")


@pytest.mark.parametrize("left", [1, 0])
def test_a_user_that_somebody_has_is_skipped_and_without_any_the_journal_says_so(elsewhere, prober, user, left):
    place = elsewhere(module(prober))
    names = Path("/etc/passwd")
    before = names.read_text()
    taken = [f"taken{uid}:x:{uid}:{uid}::/:/bin/false\n" for uid in range(60900, 60916 - left)]
    try:
        names.write_text(before + "".join(taken))
        if left:
            assert eval(probe(place, user, "who").removeprefix("DONE "))[:2] == (60915, 60915)
        else:
            assert ask(place, user, "who")[0] != 0
            assert place.log.since_mark("module command_line:door: .*there is no user that it could run as")
    finally:
        names.write_text(before)


def test_what_it_writes_to_tmp_is_gone_the_next_time(elsewhere, prober, user):
    place = elsewhere(module(prober))
    assert probe(place, user, "write /tmp/kept") == "DONE 1"
    assert probe(place, user, "read /tmp/kept") == "refused: FileNotFoundError"
    assert not Path("/tmp/kept").exists()


def test_whoever_hangs_up_ends_the_program(elsewhere, user):
    place = elsewhere(module(python("slow", "time.sleep(1000)"), time="60s"))
    child = spawn("pamtester", "-E", EVIDENCE, place.service, user, "authenticate")
    expect(child, "Door code: ")
    child.sendline("1234")
    world.wait_until(lambda: processes(f"{FOLDER}/slow"), "the program to run")
    assert place.stop() == 0
    gone(f"{FOLDER}/slow")
    assert finish(child)[0] != 0


@pytest.mark.parametrize("signal", ["daemon", "launcher"])
def test_killed_at_work_the_program_goes_along_and_nobody_gets_in(elsewhere, user, signal):
    place = elsewhere(module(python("slow", "time.sleep(1000)"), time="60s"))
    child = spawn("pamtester", "-E", EVIDENCE, place.service, user, "authenticate")
    expect(child, "Door code: ")
    child.sendline("1234")
    world.wait_until(lambda: processes(f"{FOLDER}/slow"), "the program to run")
    if signal == "daemon":
        place.kill()
    else:
        assert subprocess.run(["pkill", "-KILL", "-P", str(place.process.pid)]).returncode == 0
    gone(f"{FOLDER}/slow")
    assert finish(child)[0] != 0


def test_a_code_is_in_no_argument_and_no_environment(elsewhere, user):
    place = elsewhere(module(python("slow", "time.sleep(3)\naccept()")))
    code = "0451-canary-7731"
    child = spawn("pamtester", "-E", EVIDENCE, place.service, user, "authenticate")
    expect(child, "Door code: ")
    child.sendline(code)
    world.wait_until(lambda: processes(f"{FOLDER}/slow"), "the program to run")
    looked = 0
    while processes(f"{FOLDER}/slow"):
        for folder in Path("/proc").glob("[0-9]*"):
            for name in ("cmdline", "environ"):
                try:
                    content = (folder / name).read_bytes()
                except OSError:
                    continue
                looked += 1
                assert code.encode() not in content, folder
    assert looked > 100
    assert finish(child)[0] == 0


def test_a_program_that_works_is_not_held_up_by_those_that_hang(elsewhere, user):
    path = python("mixed", "time.sleep(1000) if code == 'hang' else accept()")
    place = elsewhere(module(path, time="20s"))
    hanging = []
    for _ in range(3):
        child = spawn("pamtester", "-E", EVIDENCE, place.service, world.new_user(), "authenticate")
        expect(child, "Door code: ")
        child.sendline("hang")
        hanging.append(child)
    world.wait_until(lambda: len(processes(f"{FOLDER}/mixed")) == 3, "three programs to hang")
    assert ask(place, user, "go")[0] == 0
    assert len(processes(f"{FOLDER}/mixed")) == 3
    for child in hanging:
        child.close(force=True)


def test_without_a_process_more_the_program_is_unavailable_and_codes_are_judged_all_the_same(elsewhere):
    path = python("door", "accept()")
    place = elsewhere(
        "auth_providers:\n  - type: pam\n    modules:\n"
        f"      - any_of: [totp, {{type: command_line, id: door, program: {path}}}]\n")
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    launcher = subprocess.run(["pgrep", "-P", str(place.process.pid)], capture_output=True, text=True).stdout.split()[0]
    with control_group("pids", {"pids.max": 1}) as group:
        (group / "cgroup.procs").write_text(launcher)
        assert ask(place, user, "2", "1234")[0] != 0
        assert "reason=module_failed" in verdicts(place, user)[0]
        assert ask(place, user, "1", phone.next())[0] == 0
    assert ask(place, user, "2", "1234")[0] == 0


# --- providers ------------------------------------------------------------------------------------------------------


def provider(path, **more):
    settings = "".join(f", {key}: {value}" for key, value in more.items())
    return f"auth_providers:\n  - {{type: command_line, id: ldap, program: {path}, create_credentials: true{settings}}}\n"


def test_a_provider_proves_the_password_and_opens_its_own_account(elsewhere, user):
    place = elsewhere(provider(python("ldap", "accept() if code == 'right' else say(verdict='wrong')")))
    assert ask(place, user, "wrong")[0] != 0
    assert ask(place, user, "right")[0] == 0
    assert place.log.since_mark(rf'login granted .*user="{user}" .*provider=command_line:ldap', count=1)


PROVIDERS = {
    "names nobody": ("say(verdict='accepted', user='')", "denied"),
    "names another": ("say(verdict='accepted', user='alice')", "denied"),
    "hangs": ("time.sleep(1000)", "unavailable"),
    "crashes": ("accept(); import_module('ctypes').string_at(0)", "unavailable"),
    "says nothing": ("pass", "unavailable"),
    "floods": ("while True: os.write(1, b' ' * 65536)", "unavailable"),
}


@pytest.mark.parametrize("what", PROVIDERS)
def test_a_provider_that_does_wrong_lets_nobody_in(elsewhere, user, what):
    program, verdict = PROVIDERS[what]
    place = elsewhere(provider(python("ldap", program), time="2s"))
    assert ask(place, user, "right", "right", "right")[0] != 0
    first = verdicts(place, user)[0]
    assert "login unavailable reason=provider_failed" in first if verdict == "unavailable" else "login granted" not in first
    assert not place.log.since_mark("login granted")


# --- twostep module test --------------------------------------------------------------------------------------------


def try_out(path, *options, **more):
    return world.run("twostep", "module", "test", *options, path, **more)


def test_the_examples_of_the_page_keep_the_contract():
    path = write("word", examples()[0])
    write("word.sha256", hashlib.sha256(b"open").hexdigest() + "\n", 0o644)
    done = try_out(path, "--user", "alice", input="open\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout and "the right answer for another name" in done.stdout
    assert "does not keep" in try_out(path, "--user", "alice", input="shut\n").stdout
    done = try_out(write("sentence", examples()[1]))
    assert done.returncode == 0, done.stdout + done.stderr


FAULTS = {
    "accepts everybody": ("accept()", "an answer that cannot be right: it accepts it"),
    "accepts what has no name": ("accept() if not question['user'] else say(verdict='wrong')", "an empty name: it accepts it"),
    "stumbles over a NUL": ("code.index('\\0') and 0 if '\\0' in code else 0; sys.exit(1) if '\\0' in code else say(verdict='wrong')", "a NUL in an answer: it has ended with status 1"),
    "hangs at a long answer": ("time.sleep(1000) if len(code) > 511 else say(verdict='wrong')", "an answer of 512 bytes: it has not ended"),
    "chats": ("say(verdict='wrong'); print(code)", "more than one line"),
    "says who is there": ("say(verdict='wrong') if question['user'] == 'root' else say(verdict='malformed')", "the same text for all that is wrong: it answers differently"),
    "lets in one of two hundred": ("accept() if code == 'wrong 117' else say(verdict='wrong')", "1 of 200: it accepts it"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_program_that_does_not_keep_it_is_told_where(what):
    program, fault = FAULTS[what]
    done = try_out(python("faulty", program), "--time", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"^failed .*{re.escape(fault)}", done.stdout, re.MULTILINE), done.stdout


def test_a_form_that_changes_or_is_none_is_told():
    changing = write("changing", "#!/bin/sh\necho '{\"twostep\":1,\"fields\":[{\"name\":\"f'$(date +%N)'\",\"label\":\"x\"}]}'\n")
    assert "another form each time" in try_out(changing).stdout
    assert "describes no fields" in try_out(write("none", "#!/bin/sh\necho '{\"twostep\":1}'\n")).stdout
    assert "not executable by all" in try_out(write("shut", "x", 0o700)).stdout


# --- the launcher as systemd starts it --------------------------------------------------------------------------------


def launched(place, locks):
    """A launcher with the daemon at its standard input, as twostep-program@.service starts it."""
    ours, theirs = socket.socketpair()
    launcher = subprocess.Popen(
        ["/mnt/twostep/usr/lib/twostep/twostep-launcher", "--config", place.configuration, "--users", locks], stdin=theirs)
    theirs.close()
    ours.sendall(b"twostep-program 1 module command_line:door 2\n{}")
    return ours, launcher


def answered(ours, launcher):
    with ours.makefile("rb") as stream:
        head, body = stream.readline().decode(), stream.read().decode()
    assert launcher.wait(30) == 0
    return head, body


def test_programs_that_run_at_a_time_have_users_of_their_own_which_are_empty_afterwards(elsewhere):
    locks = Path(f"/run/programs-{next(world.numbers)}")
    locks.mkdir(mode=0o700)
    # It leaves something behind that has left its session, and waits until both run.
    path = write("leaver", f"""\
#!/bin/sh
cat >/dev/null
[ -e {FOLDER}/leaves ] || exit 0
setsid sh -c 'exec sleep 4321' </dev/null >/dev/null 2>&1 &
id -u
while [ ! -e {FOLDER}/go ]; do sleep 0.05; done
""")
    place = elsewhere(module(path), start=False)
    Path(FOLDER, "leaves").write_text("")
    try:
        pair = [launched(place, locks) for _ in range(2)]
        world.wait_until(lambda: len(processes("sleep 4321")) == 2, "both to run")
        Path(FOLDER, "go").write_text("")
        answers = [answered(*one) for one in pair]
        users = {body.strip() for _, body in answers}
        assert all(head.startswith("ended") for head, _ in answers) and len(users) == 2, answers
        assert all(60900 <= int(user) < 60916 for user in users), users
        gone("sleep 4321")
        assert answered(*launched(place, locks))[1].strip() in users
        # Where nobody has made the place for the locks nothing runs.
        head, body = answered(*launched(place, locks / "nowhere"))
        assert head.startswith("failed there is no user") and body == ""
    finally:
        Path(FOLDER, "leaves").unlink()
        Path(FOLDER, "go").unlink(missing_ok=True)
