"""twostep by hand: init, enroll, list, verify, remove, unlock, status; for people and for programs."""

import json
import re
from pathlib import Path

import pam
import pyotp
import pytest
import world
from terminal import expect, finish, plain, spawn
from world import Authenticator, twostep

DONE, REFUSED, USAGE, UNREACHABLE = 0, 1, 2, 3


def document(done):
    """The one JSON document on standard output."""
    assert done.stdout.count("\n") == 1, done.stdout
    return json.loads(done.stdout)


# --- init ---------------------------------------------------------------------------------------------------------


def test_init_makes_everything_and_a_second_init_changes_nothing(daemon):
    place = world.Daemon("init")
    first = world.run("twostep", "init", "--json", *place.places)
    assert first.returncode == DONE, first
    assert "created" in {step["outcome"] for step in document(first)["steps"]}
    before = {path: path.read_bytes() for folder in (place.folder, Path(place.state)) for path in folder.iterdir()}
    second = world.run("twostep", "init", "--json", *place.places)
    assert second.returncode == DONE
    assert "created" not in {step["outcome"] for step in document(second)["steps"]}, second.stdout
    assert {path: path.read_bytes() for path in before} == before
    place.start()
    assert place.stop() == 0


def test_init_says_for_people_what_it_made(daemon):
    place = world.Daemon("init-text")
    done = world.run("twostep", "init", *place.places)
    assert str(place.configuration) in done.stdout and "Next:" in done.stdout


def test_init_names_what_differs_and_repairs_nothing(daemon):
    place = world.Daemon("init-differs").initialize()
    place.key.chmod(0o644)
    done = world.run("twostep", "init", *place.places)
    assert done.returncode == REFUSED
    assert str(place.key) in done.stdout + done.stderr
    assert place.key.stat().st_mode & 0o777 == 0o644


def test_init_by_a_user_is_refused_and_makes_nothing(daemon):
    place = world.Daemon("init-user")
    done = world.as_user("alice", "twostep", "init", *place.places)
    assert done.returncode == REFUSED
    assert "Only root" in done.stderr
    assert not place.folder.exists()


# --- enroll -------------------------------------------------------------------------------------------------------


def begin_enrolling(user, *options):
    """`twostep enroll` on a terminal, up to its question; returns it with the authenticator."""
    client = spawn("twostep", "enroll", user, "totp", *options, dimensions=(60, 140))
    expect(client, r"first code of [^:]+: ")
    shown = plain(client.shown)
    secret = re.search(r"secret=([A-Z2-7]+)", shown)[1]
    return client, Authenticator(secret), shown


def read_qr(text):
    """What zbarimg reads in a QR code of half blocks: each character is two modules, one above the other."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = [line for line in text.splitlines() if line and set(line) <= set(" ▀▄█")]
    width = max(map(len, lines))
    # A full block is a light module, as it is on a dark terminal.
    top = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = []
    for line in lines:
        pairs = [top[character] for character in line.ljust(width)]
        rows += [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    scale = 8
    pixels = b"".join(
        b"".join(bytes([255 if module else 0]) * scale for module in row) * scale for row in rows)
    image = Path("/tmp/qr.pgm")
    image.write_bytes(b"P5\n%d %d\n255\n" % (width * scale, len(rows) * scale) + pixels)
    done = world.run("zbarimg", "--quiet", "--raw", image)
    assert done.returncode == 0, f"zbarimg reads nothing: {done.stderr}\n{text}"
    return done.stdout.strip()


def test_the_qr_code_says_what_the_uri_says(daemon):
    user = world.new_user()
    client, phone, shown = begin_enrolling(user)
    uri = re.search(r"otpauth://\S+", shown)[0]
    assert read_qr(shown) == uri
    parsed = pyotp.parse_uri(uri)
    assert (parsed.secret, parsed.name, parsed.digits, parsed.interval) == (phone.secret, user, 6, 30)
    client.sendline(phone.next())
    assert finish(client)[0] == DONE


def test_the_secret_for_typing_is_the_one_of_the_uri_in_groups_of_four(daemon):
    user = world.new_user()
    client, phone, shown = begin_enrolling(user)
    client.sendintr()
    finish(client)
    typed = re.search(r"^Secret: (.*)$", shown, re.M)[1].strip()
    assert re.fullmatch(r"([A-Z2-7]{4} )*[A-Z2-7]{1,4}", typed), typed
    assert typed.replace(" ", "") == phone.secret
    assert len(phone.secret) >= 26, "at least 128 bits"


def test_a_device_is_stored_after_its_first_valid_code_and_that_code_is_spent(daemon):
    user = world.new_user()
    client, phone, _ = begin_enrolling(user)
    client.sendline(phone.wrong())
    expect(client, "That code is wrong.*first code of [^:]+: ")
    assert json.loads(twostep("list", user, "--json").stdout)["devices"] == []
    code = phone.next()
    client.sendline(code)
    status, shown = finish(client)
    assert status == DONE and "Stored the device 'phone'" in shown
    assert not pam.log_in("e2e", user, code).granted
    assert pam.log_in("e2e", user, phone.next()).granted


def test_three_wrong_codes_store_nothing(daemon):
    user = world.new_user()
    client, phone, _ = begin_enrolling(user)
    for code in phone.wrong(3):
        client.sendline(code)
    assert finish(client)[0] == REFUSED
    assert json.loads(twostep("list", user, "--json").stdout)["devices"] == []
    assert world.failures_of(user) == 0, "an enrolment is no login"


@pytest.mark.parametrize("leave", ["sendintr", "sendeof"])
def test_leaving_the_enrolment_stores_nothing_and_says_so(daemon, leave):
    user = world.new_user()
    client, phone, _ = begin_enrolling(user)
    getattr(client, leave)()
    status, shown = finish(client)
    assert status not in (DONE, None)
    assert "Nothing was stored" in shown
    assert json.loads(twostep("list", user, "--json").stdout)["devices"] == []
    assert not pam.log_in("e2e", user, phone.next()).granted


def test_enrolling_for_scripts_is_one_document_with_secret_and_uri(daemon):
    user = world.new_user()
    made = document(twostep("enroll", user, "totp", "--no-confirm", "--json"))
    assert made["account"] == user and made["confirmed"] is False and made["replaced"] is False
    assert re.fullmatch(r"[A-Z2-7]+", made["secret"]), made["secret"]
    assert made["secret"] in made["uri"]


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA512"])
@pytest.mark.parametrize("digits", [6, 7, 8])
@pytest.mark.parametrize("period", [30, 60])
def test_every_kind_of_device_logs_in(daemon, algorithm, digits, period):
    user = world.new_user()
    made = document(twostep(
        "enroll", user, "totp", "--no-confirm", "--json", "--algorithm", algorithm, "--digits", digits,
        "--period", period))
    phone = Authenticator(made["secret"].replace(" ", ""), algorithm, digits, period)
    assert pyotp.parse_uri(made["uri"]).generate_otp(12345) == phone.at(12345)
    assert not pam.log_in("e2e", user, phone.wrong()).granted
    assert pam.log_in("e2e", user, phone.next()).granted


@pytest.mark.parametrize("options", [
    ["--digits", "5"], ["--digits", "9"], ["--digits", "six"], ["--digits", ""], ["--period", "0"], ["--period", "-30"],
    ["--period", "1e9"], ["--period", " 30"], ["--algorithm", "MD5"], ["--algorithm", ""], ["--name", ""],
    ["--name", "x" * 300], ["--name", "a\nb"],
])
def test_a_parameter_that_makes_no_sense_is_refused(daemon, options):
    user = world.new_user()
    done = twostep("enroll", user, "totp", "--no-confirm", *options)
    assert done.returncode in (REFUSED, USAGE), done
    assert done.stderr
    assert json.loads(twostep("list", user, "--json").stdout)["devices"] == []


def test_nobody_can_be_enrolled_who_is_nobody(daemon):
    done = twostep("enroll", "no-such-user", "totp", "--no-confirm", "--json")
    assert done.returncode == REFUSED
    assert document(done)["error"]["message"]


def test_an_unknown_module_is_refused_with_the_known_ones(daemon, enrolled):
    done = twostep("enroll", enrolled[0], "toptp", "--no-confirm")
    assert done.returncode in (REFUSED, USAGE)
    assert "totp" in done.stderr.replace("toptp", "")


def test_enrolling_the_same_name_replaces_the_device_and_says_so(daemon, enrolled):
    user, old = enrolled
    done = twostep("enroll", user, "totp", "--no-confirm", "--json")
    made = document(done)
    assert made["replaced"] is True
    new = Authenticator(made["secret"].replace(" ", ""))
    assert not pam.log_in("e2e", user, old.next()).granted
    assert pam.log_in("e2e", user, new.next()).granted
    assert len(json.loads(twostep("list", user, "--json").stdout)["devices"]) == 1


def test_several_devices_work_side_by_side(daemon, enrolled):
    user, phone = enrolled
    tablet = world.enroll(user, "--name", "tablet")
    assert pam.log_in("e2e", user, tablet.next()).granted
    assert pam.log_in("e2e", user, phone.next()).granted
    listed = json.loads(twostep("list", user, "--json").stdout)["devices"]
    assert {device["device"] for device in listed} == {"phone", "tablet"}
    assert all(device["last_used_at"] for device in listed)


# --- verify -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset, status, words", [
    (0, DONE, "whose clock is right"), (-1, DONE, "30 s behind"), (1, DONE, "30 s ahead"),
    (4, REFUSED, "2 min ahead"), (-10, REFUSED, "5 min behind"),
])
def test_verify_says_which_step_a_code_is_off_by_and_spends_nothing(daemon, enrolled, offset, status, words):
    user, phone = enrolled
    done = twostep("verify", user, input=phone.at(phone.step + offset) + "\n")
    assert (done.returncode, words in done.stdout) == (status, True), done
    told = document(twostep("verify", user, "--json", input=phone.at(phone.step + offset)))
    assert abs(told["match"]["offset"] - offset) <= 1
    code = phone.at(phone.step)
    twostep("verify", user, input=code)
    assert pam.log_in("e2e", user, code).granted
    assert document(twostep("verify", user, "--json", input=code))["match"]["spent"] is True


def test_verify_of_a_wrong_code_charges_nothing(daemon, enrolled):
    user, phone = enrolled
    for code in phone.wrong(10):
        done = twostep("verify", user, input=code)
        assert done.returncode == REFUSED and "Wrong" in done.stdout
    assert world.failures_of(user) == 0


# --- list, remove, unlock, status ---------------------------------------------------------------------------------


def test_list_shows_devices_and_failures(daemon, enrolled):
    user, phone = enrolled
    pam.log_in("e2e", user, phone.wrong())
    text = twostep("list", user).stdout
    assert re.search(rf"^{user}\s+phone\s+totp\s", text, re.M)
    assert f"{user}: 1 failure with totp" in text
    assert phone.secret not in text
    assert user in twostep("list").stdout
    assert twostep("list", "bob").stdout == "bob has no device.\n"


def test_the_last_device_is_not_removed_without_force(daemon, enrolled):
    user, phone = enrolled
    done = twostep("remove", user, "phone", "--yes", "--json")
    assert done.returncode == REFUSED
    assert "--force" in json.dumps(document(done))
    assert pam.log_in("e2e", user, phone.next()).granted
    done = twostep("remove", user, "phone", "--yes", "--force", "--json")
    assert (done.returncode, document(done)["remaining"]) == (DONE, 0)
    assert not pam.log_in("e2e", user, phone.next()).granted


def test_a_device_that_is_not_the_last_is_removed(daemon, enrolled):
    user, phone = enrolled
    twostep("enroll", user, "totp", "--name", "tablet", "--no-confirm")
    assert twostep("remove", user, "tablet", "--yes").returncode == DONE
    assert pam.log_in("e2e", user, phone.next()).granted


def test_remove_asks_on_a_terminal_and_takes_no_for_an_answer(daemon, enrolled):
    user, _ = enrolled
    client = spawn("twostep", "remove", user, "phone", "--force")
    expect(client, r"\[y/N\] ")
    client.sendline("")
    assert finish(client)[0] == REFUSED
    assert "phone" in twostep("list", user).stdout


def test_ctrl_c_at_a_question_says_what_was_not_done(daemon, enrolled):
    user, _ = enrolled
    client = spawn("twostep", "remove", user, "phone", "--force")
    expect(client, r"\[y/N\] ")
    client.sendintr()
    status, shown = finish(client)
    assert status == REFUSED and "Interrupted. Nothing was removed." in shown
    assert "phone" in twostep("list", user).stdout


def test_nobody_is_asked_whether_to_remove_a_last_device(daemon, enrolled):
    user, _ = enrolled
    client = spawn("twostep", "remove", user, "phone")
    status, shown = finish(client)
    assert status == REFUSED and "is the last device" in shown and "[y/N]" not in shown


def test_unlock_of_a_name_that_nobody_has_is_refused(daemon):
    done = twostep("unlock", "alcie")
    assert done.returncode == REFUSED and "There is no account 'alcie'" in done.stderr
    assert "getent passwd alcie" in done.stderr


def test_remove_of_what_is_not_there_is_refused(daemon, enrolled):
    assert twostep("remove", enrolled[0], "watch", "--yes").returncode == REFUSED


def test_unlock_forgets_failures_and_says_how_many(daemon, enrolled):
    user, phone = enrolled
    for code in phone.wrong(3):
        pam.log_in("e2e", user, code)
    assert document(twostep("unlock", user, "--json")) == {"account": user, "failures_forgotten": 3}
    assert world.failures_of(user) == 0
    assert document(twostep("unlock", user, "--json"))["failures_forgotten"] == 0


def test_status_tells_what_is_served(daemon):
    text = twostep("status")
    assert text.returncode == DONE
    assert "/etc/twostep/config.yaml" in text.stdout and "/run/twostep/login.sock" in text.stdout
    told = document(twostep("status", "--json"))
    assert told["serving"] and told["clock_sane"] and told["open_sessions"] == 0
    devices = [
        device["account"] for device in document(twostep("list", "--json"))["devices"]
        if device["module"] not in ("bypass", "ticket")]
    assert (told["accounts"], told["devices"]) == (len(set(devices)), len(devices))


VERBS = {
    "enroll": ["enroll", "alice", "totp", "--no-confirm"], "list": ["list"],
    "remove": ["remove", "alice", "phone", "--yes"],
    "verify": ["verify", "alice"], "unlock": ["unlock", "alice"], "status": ["status"],
    "show": ["show", "alice", "phone"], "export": ["export", "alice", "--to-pipe"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_daemon_every_verb_says_so_with_3(daemon, verb):
    nowhere = "/run/no-twostep"
    done = twostep(*VERBS[verb], runtime=nowhere, input="123456\n")
    assert done.returncode == UNREACHABLE and nowhere in done.stderr and not done.stdout
    told = document(twostep(*VERBS[verb], "--json", runtime=nowhere, input="123456\n"))
    assert told["error"]["code"] == "unreachable"


@pytest.mark.parametrize("store, hint", [
    ("", "twostep init && systemctl start twostepd"), ("touch /var/lib/twostep/twostep.sqlite", "Start it: systemctl start twostepd"),
])
def test_without_a_daemon_somebody_who_has_not_begun_is_told_of_init(daemon, store, hint):
    # As if nothing had been made, in mounts of its own.
    done = world.run("unshare", "--mount", "sh", "-c", f"""
        mount -t tmpfs none /run/twostep && mount -t tmpfs none /var/lib/twostep || exit 9
        {store or ":"}
        exec twostep list""")
    assert done.returncode == UNREACHABLE, done
    assert hint in done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_a_user_gets_one_sentence_and_nothing_else(daemon, verb):
    done = world.as_user("alice", "twostep", *VERBS[verb], input="123456\n")
    assert done.returncode in (REFUSED, UNREACHABLE) and done.stderr and not done.stdout
    told = document(world.as_user("alice", "twostep", *VERBS[verb], "--json", input="123456\n"))
    assert told["error"]["message"]


@pytest.mark.parametrize("arguments", [
    [], ["enrol"], ["enroll"], ["enroll", "alice"], ["list", "--nonsense"], ["remove", "alice"], ["status", "extra"],
    ["--runtime-directory"], ["verify"],
])
def test_a_wrong_command_line_is_usage_with_2(daemon, arguments):
    done = world.run("twostep", *arguments)
    if arguments:
        assert done.returncode == USAGE, done
    else:
        assert done.returncode in (DONE, USAGE)


def test_a_frozen_daemon_does_not_hold_the_command_line_for_ever(daemon):
    daemon.freeze()
    start = world.now()
    done = twostep("status")
    assert done.returncode == UNREACHABLE
    assert world.seconds_since(start) < 20


def test_help_names_every_verb():
    text = world.run("twostep", "--help").stdout
    for verb in [*VERBS, "init"]:
        assert re.search(rf"(^|\s){verb}  ", text, re.M)
    # A serial console shows all of it, with the next prompt below.
    assert len(text.splitlines()) < 24 and max(map(len, text.splitlines())) <= 80


def test_no_secret_of_an_enrolment_is_logged(daemon, syslog):
    user = world.new_user()
    made = document(twostep("enroll", user, "totp", "--no-confirm", "--json"))
    secret = made["secret"].replace(" ", "")
    assert not [line for line in daemon.log.all() + syslog.all() if secret in line.replace(" ", "")]
