"""A broken configuration admits nobody, says why, and is picked up once it is repaired."""

import json
import os
import re
import shutil

import pam
import pytest
import world

GOOD = """# One provider.
auth_providers:
  - type: pam
    modules:
      - type: totp
"""

# What is wrong, the document, and the line that is to be named (0: the file as a whole).
BROKEN = {
    "unknown key": (GOOD + "polciy: []\n", 6),
    "unknown key in a module": (GOOD + "        digit: 6\n", 6),
    "unknown provider": (GOOD.replace("pam", "pma"), 3),
    "unknown module": (GOOD.replace("totp", "toptp"), 5),
    "duplicate provider": (GOOD + "  - type: pam\n", 6),
    "duplicate module": (GOOD + "      - type: totp\n", 6),
    "missing type": ("auth_providers:\n  - name: x\n", 2),
    "not YAML": ("auth_providers: [\n  - {\n", 0),
    "tabs": ("auth_providers:\n\t- type: pam\n", 2),
    "not a map": ("- type: pam\n", 1),
    "a word": ("pam\n", 1),
    "empty": ("", 0),
    "only comments": ("# nothing\n", 0),
    "no modules in the list": ("auth_providers:\n  - type: pam\n    modules: []\n", 3),
    "a key twice": (GOOD + GOOD, 7),
    "an unknown policy": (GOOD + "policy:\n  - match: {service: sshd}\n    exmept: true\n", 8),
    "an anchor bomb": ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(8)), None),
    "deep nesting": ("a: " + "[" * 5000 + "]" * 5000, None),
    "bytes that are no UTF-8": ("auth_providers: \udcff\udcfe\n", None),
}


def unavailable(place, user):
    login = pam.log_in(place.service, user, "123456")
    assert (login.code, login.prompts) == (pam.AUTHINFO_UNAVAIL, []), login
    assert any("Login is not possible right now" in message for message in login.messages)


def says_why(place, line):
    asked = world.twostep("status", "--json", runtime=place.runtime)
    told = world.json.loads(asked.stdout)
    assert told["serving"] is False
    assert asked.returncode == 1
    problem = "\n".join(told["problems"])
    assert str(place.configuration) in problem
    if line:
        assert re.search(rf"{re.escape(str(place.configuration))}:{line}:\d+: ", problem), problem
    assert problem.splitlines()[0] in world.twostep("status", runtime=place.runtime).stdout
    assert place.log.since_mark(re.escape(problem.splitlines()[0]), count=1)


def is_repaired(place, user):
    place.configure(GOOD)
    world.wait_until(lambda: place.status()["serving"], "the repaired configuration")
    phone = world.enroll(user, runtime=place.runtime)
    assert pam.log_in(place.service, user, phone.next()).granted


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_configuration_at_the_start_admits_nobody_until_it_is_repaired(daemon, elsewhere, kind):
    text, line = BROKEN[kind]
    place = elsewhere(start=False)
    place.configuration.write_bytes(text.encode(errors="surrogateescape"))
    place.start(serving=False)
    user = world.new_user()
    unavailable(place, user)
    says_why(place, line)
    is_repaired(place, user)


@pytest.mark.parametrize("kind", [
    "absent", "a directory", "a fifo", "writable by others", "writable by its group", "alice's",
])
def test_a_file_that_is_none_or_not_roots_alone_admits_nobody_until_it_is_repaired(daemon, elsewhere, kind):
    place = elsewhere(GOOD, start=False)
    path = place.configuration
    if kind == "absent":
        path.unlink()
    elif kind == "a directory":
        path.unlink()
        path.mkdir()
    elif kind == "a fifo":
        path.unlink()
        os.mkfifo(path)
    elif kind == "writable by others":
        path.chmod(0o646)
    elif kind == "writable by its group":
        path.chmod(0o660)
    else:
        shutil.chown(path, "alice")
    place.start(serving=False)
    user = world.new_user()
    unavailable(place, user)
    says_why(place, None)
    if path.is_dir():
        path.rmdir()
    is_repaired(place, user)


def test_it_is_enough_to_take_the_right_to_write_away(daemon, elsewhere):
    place = elsewhere(GOOD, start=False)
    place.configuration.chmod(0o646)
    place.start(serving=False)
    place.configuration.chmod(0o640)
    world.wait_until(lambda: place.status()["serving"], "the repaired configuration")


def test_a_broken_file_at_a_reload_keeps_the_old_configuration_and_says_so(daemon, elsewhere):
    place = elsewhere(GOOD)
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    place.log.mark()
    place.configure(GOOD + "polciy: []\n")
    place.reload()
    place.log.since_mark("configuration 1 stays in force", count=1)
    told = place.status()
    assert told["serving"] and told["configuration"]["generation"] == 1
    assert re.search(r":6:\d+: .*did you mean 'policy'", "\n".join(told["problems"]))
    assert pam.log_in(place.service, user, phone.next()).granted


def test_of_two_reloads_close_together_the_last_file_is_in_force(daemon, elsewhere):
    place = elsewhere()
    # Reading this one takes a while: each provider makes a hash.
    slow = GOOD + "".join(f"  - {{type: linux, id: l{number}}}\n" for number in range(25))
    for _ in range(3):
        place.configuration.write_text(slow + "policy:\n  - {match: {}, exempt: true, provider: pam}\n")
        place.reload()
        place.configuration.write_text(GOOD)
        place.reload()
        world.wait_until(lambda: place.status()["configuration"]["generation"] >= 2, "both reloads")
        stamp = place.status()["configuration"]["generation"]
        # One more, so that whatever was under way has ended.
        place.reload()
        world.wait_until(lambda: place.status()["configuration"]["generation"] > stamp, "the last reload")
        login = pam.log_in(place.service, world.new_user(), "123456")
        assert login.code not in (pam.SUCCESS, pam.IGNORE), login


def test_a_link_to_a_repaired_file_is_noticed(daemon, elsewhere):
    place = elsewhere()
    target = place.configuration.with_name("target.yaml")
    target.write_text("auth_providers: 1\n")
    target.chmod(0o640)
    shutil.chown(target, "root", "twostep")
    place.configuration.unlink()
    place.configuration.symlink_to(target)
    place.reload()
    world.wait_until(lambda: place.status()["problems"], "the broken file")
    target.write_text(GOOD)
    world.wait_until(lambda: not place.status()["problems"], "the repaired file behind the link")


def test_a_caller_that_comes_to_exist_is_a_repair_too(daemon, elsewhere):
    place = elsewhere()
    name = f"late{next(world.numbers)}"
    place.configuration.write_text(GOOD + f"callers: {{{name}: {{services: [web], groups: [webs]}}}}\n")
    place.reload()
    world.wait_until(lambda: place.status()["problems"], "the unknown caller")
    world.run("useradd", "--system", name)
    world.wait_until(lambda: not place.status()["problems"], "the caller that is there now", 15)


def test_a_good_file_takes_effect_at_a_reload_and_not_before(daemon, elsewhere):
    place = elsewhere(GOOD)
    place.configure(GOOD + f"policy:\n  - match: {{service: {place.service}}}\n    exempt: true\n")
    user = world.new_user()
    assert pam.log_in(place.service, user).prompts == ["Verification code: "]
    place.reload()
    place.log.since_mark("configuration 2 is in force", count=1)
    world.wait_until(lambda: place.status()["configuration"]["generation"] == 2, "the second configuration")
    assert pam.log_in(place.service, user).prompts == []


def test_a_login_under_way_keeps_the_configuration_it_began_with(daemon, elsewhere):
    place = elsewhere(GOOD)
    user = world.new_user()
    phone = world.enroll(user, runtime=place.runtime)

    def reload(_):
        place.configure(GOOD + "policy:\n  - match: {}\n    exempt: true\n")
        place.reload()
        place.log.since_mark("configuration 2 is in force", count=1)

    login = pam.log_in(place.service, user, phone.next(), on_prompt=reload)
    assert login.granted
    assert place.log.since_mark(f'login granted .*user="{user}".*config=1', count=1)


def test_the_shipped_configuration_is_in_force_without_a_word_of_warning(elsewhere, daemon):
    place = elsewhere(None)
    assert place.status()["problems"] == []
    # Whether something keeps the clock right is the machine's matter.
    assert [line for line in place.log.since_mark("^<[0-4]>") if "is not synchronised" not in line] == []


def test_with_the_shipped_configuration_codes_on_paper_come_with_the_phone_and_open_in_its_place(elsewhere, daemon):
    place = elsewhere(None)
    user = world.new_user()
    given = json.loads(world.twostep("enroll", user, "totp", "--no-confirm", "--json", runtime=place.runtime).stdout)
    phone = world.Authenticator(given["secret"].replace(" ", ""))
    paper = given["recovery_codes"]
    assert len(paper) == 10
    login = pam.log_in(place.service, user, phone.next())
    assert login.granted and login.prompts == ["Verification code or recovery code: "]
    assert pam.log_in(place.service, user, paper[0]).granted
    assert not pam.log_in(place.service, user, paper[0]).granted
