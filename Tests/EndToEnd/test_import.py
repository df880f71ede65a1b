"""Devices that other programs have had: their files, made and used by their own tools, and what works afterwards."""

import base64
import json
import os
import pwd
import re
import stat
from pathlib import Path

import pytest
import world
from pam import log_in
from world import Authenticator, run, twostep

DONE, REFUSED, USAGE = 0, 1, 2

BOTH = """
auth_providers:
  - type: pam
    modules:
      - any_of: [totp, hotp, recovery_code]
"""

KEY = b"12345678901234567890"
BASE32 = base64.b32encode(KEY).decode()


@pytest.fixture
def place(elsewhere):
    return elsewhere(BOTH)


def document(done):
    return json.loads(done.stdout)


def let_in(place, user, code):
    return log_in(place.service, user, code).granted


def token(secret, counter, digits=6):
    """What a token shows, by oathtool."""
    made = run("oathtool", "--hotp", f"--digits={digits}", f"--counter={counter}", "--base32", "-", input=secret)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def google_file(user, *options):
    """What google-authenticator makes for a user in their home."""
    path = Path(pwd.getpwnam(str(user)).pw_dir, ".google_authenticator")
    made = world.as_user(
        user, "google-authenticator", "--force", "--quiet", "--no-confirm", "--qr-mode=NONE", f"--secret={path}",
        "--rate-limit=3", "--rate-time=30", "--window-size=17", *options)
    assert made.returncode == 0, made.stderr + made.stdout
    return path


def google_login(user, code):
    world.write_stack("peer-google", "auth required pam_google_authenticator.so")
    return log_in("peer-google", user, code).granted


def oath_login(path, user, code):
    world.write_stack("peer-oath", f"auth required pam_oath.so usersfile={path} window=20")
    return log_in("peer-oath", user, code).granted


def paint(drawing, scale=8):
    """An SVG of unit squares as PGM, for a machine that has nothing to render it."""
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', drawing)[1])
    pixels = [bytearray(b"\xff" * side * scale) for _ in range(side * scale)]
    for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawing):
        left = int(column) * scale
        for line in pixels[int(row) * scale:(int(row) + 1) * scale]:
            line[left:left + scale] = bytes(scale)
    return b"P5 %d %d 255\n" % (side * scale, side * scale) + b"".join(pixels)


def private(path):
    return stat.S_IMODE(os.stat(path).st_mode) == 0o600


# --- google-authenticator -------------------------------------------------------------------------------------------


def test_a_code_used_with_google_authenticator_is_used_and_the_next_one_works(place):
    user = world.new_user()
    path = google_file(user, "--time-based", "--disallow-reuse")
    phone = Authenticator(path.read_text().splitlines()[0])
    used = phone.next()
    assert google_login(user, used)
    done = twostep("import", "google-authenticator", path, "--user", user, "--json", runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    device = document(done)["devices"][0]
    assert (device["account"], device["module"], device["device"]) == (user, "totp", "phone")
    notes = " ".join(device["notes"])
    assert "scratch codes" in notes and "WINDOW_SIZE 17" in notes and "RATE_LIMIT 3 in 30 s" in notes
    assert not let_in(place, user, used)
    assert let_in(place, user, phone.next())


def test_all_homes_are_imported_at_once_and_counters_go_on(place):
    users = [world.new_user() for _ in range(2)]
    paths = [google_file(user, "--counter-based") for user in users]
    secret = paths[0].read_text().splitlines()[0]
    assert google_login(users[0], token(secret, 1))
    done = twostep("import", "google-authenticator", "--home", "/home", runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    assert f"{users[0]}: 'token' (hotp)" in done.stdout and f"{users[1]}: 'token' (hotp)" in done.stdout
    assert not let_in(place, users[0], token(secret, 1))
    assert let_in(place, users[0], token(secret, 2))
    for path in paths:
        path.unlink()


def test_one_broken_home_and_nobody_is_imported(place):
    users = [world.new_user() for _ in range(2)]
    paths = [google_file(user, "--time-based", "--disallow-reuse") for user in users]
    text = paths[1].read_text()
    paths[1].chmod(0o600)
    paths[1].write_text(text + "nonsense\n")
    done = twostep("import", "google-authenticator", "--home", "/home", runtime=place.runtime)
    assert done.returncode == REFUSED and f"{paths[1]}:{len(text.splitlines()) + 1}: " in done.stderr
    # Nor is somebody else's file believed.
    paths[1].write_text(text)
    os.chown(paths[1], pwd.getpwnam(str(users[0])).pw_uid, -1)
    done = twostep("import", "google-authenticator", "--home", "/home", runtime=place.runtime)
    assert done.returncode == REFUSED and "belongs to the uid" in done.stderr
    paths[1].unlink()
    for target in ["/etc/shadow", "/nowhere"]:
        paths[1].symlink_to(target)
        done = twostep("import", "google-authenticator", "--home", "/home", runtime=place.runtime)
        assert done.returncode == REFUSED and "cannot be read" in done.stderr
        assert f"--skip {users[1]}\n" in done.stderr
        paths[1].unlink()
    assert document(twostep("list", "--json", runtime=place.runtime))["devices"] == []
    # Nobody else has to wait for that.
    paths[1].symlink_to("/etc/shadow")
    done = twostep(
        "import", "google-authenticator", "--home", "/home", "--skip", users[1], "--json", runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    taken = {device["account"] for device in document(done)["devices"]}
    assert users[0] in taken and users[1] not in taken
    for path in paths:
        path.unlink()


# --- pam_oath -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "digits"), [("HOTP", 6), ("HOTP/E/7", 7), ("HOTP/E/8", 8)])
def test_a_counter_used_with_pam_oath_is_used_and_the_next_one_works(place, kind, digits):
    user = world.new_user()
    path = Path(f"/run/users-{user}.oath")
    path.write_text(f"# tokens\n{kind}\t{user}\t-\t{KEY.hex()}\n")
    path.chmod(0o600)
    # Not the first, so that two are passed over.
    assert oath_login(path, user, token(BASE32, 2, digits)), path.read_text()
    done = twostep("import", "oath", path, runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    assert not let_in(place, user, token(BASE32, 2, digits)), path.read_text()
    assert let_in(place, user, token(BASE32, 3, digits)), path.read_text()


@pytest.mark.parametrize("period", [30, 60])
def test_a_time_used_with_pam_oath_is_used_and_the_next_one_works(place, period):
    user = world.new_user()
    path = Path(f"/run/users-{user}.oath")
    path.write_text(f"HOTP/T{period}\t{user}\t-\t{KEY.hex()}\n")
    path.chmod(0o600)
    phone = Authenticator(BASE32, period=period)
    used = phone.next()
    assert oath_login(path, user, used), path.read_text()
    done = twostep("import", "oath", path, runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    assert not let_in(place, user, used), path.read_text()
    assert let_in(place, user, phone.next()), path.read_text()


def test_several_lines_of_a_user_are_several_devices(place):
    user = world.new_user()
    path = Path(f"/run/users-{user}.oath")
    other = bytes(range(20)).hex()
    path.write_text(f"HOTP {user} 1234 {KEY.hex()}\nHOTP {user} - {other} 4\n")
    done = twostep("import", "oath", path, "--json", runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    assert [device["device"] for device in document(done)["devices"]] == ["token", "token-2"]
    assert "1234" not in done.stdout
    assert let_in(place, user, token(BASE32, 0))
    assert let_in(place, user, token(base64.b32encode(bytes(range(20))).decode(), 4))
    # Once more is a mistake, unless it is said; a trial says so as well.
    for trial in [["--dry-run"], []]:
        again = twostep("import", "oath", path, *trial, runtime=place.runtime)
        assert again.returncode == REFUSED and "--skip-present" in again.stderr
    assert twostep("import", "oath", path, "--replace", runtime=place.runtime).returncode == DONE


@pytest.mark.parametrize("option", ["--skip-present", "--replace"])
def test_a_file_that_has_grown_is_imported_again_and_used_codes_stay_used(place, option):
    user, phone_user, newcomer = world.new_user(), world.new_user(), world.new_user()
    path = Path(f"/run/batch-{user}.csv")
    path.write_text(f"user,module,secret\n{user},hotp,{BASE32}\n{phone_user},totp,{BASE32}\n")
    assert twostep("import", "batch", path, runtime=place.runtime).returncode == DONE
    used, code = token(BASE32, 3), Authenticator(BASE32).next()
    assert let_in(place, user, used) and let_in(place, phone_user, code)
    path.write_text(path.read_text() + f"{newcomer},hotp,{BASE32}\n")
    done = twostep("import", "batch", path, option, "--json", runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    counts = {key: document(done)[key] for key in ["imported", "replaced", "skipped"]}
    skips = option == "--skip-present"
    assert counts == {"imported": 1 if skips else 3, "replaced": 0 if skips else 2, "skipped": 2 if skips else 0}
    assert [device["skipped"] for device in document(done)["devices"]] == [skips, skips, False]
    assert not let_in(place, user, used) and not let_in(place, user, token(BASE32, 2))
    assert not let_in(place, phone_user, code)
    assert let_in(place, user, token(BASE32, 4)) and let_in(place, newcomer, token(BASE32, 0))


# --- URIs, exports, batches -----------------------------------------------------------------------------------------


def test_what_is_exported_can_be_imported(place):
    user, other = world.new_user(), world.new_user()
    phone = world.enroll(user, runtime=place.runtime)
    path = Path(f"/run/export-{user}.txt")
    place.log.mark()
    done = twostep("export", user, "--output", path, runtime=place.runtime)
    assert done.returncode == DONE and "recovery_code" in done.stdout, done
    assert private(path) and phone.secret in path.read_text() and phone.secret not in done.stdout
    assert place.log.since_mark("secret shown.*purpose=export", count=1)
    assert twostep("export", user, "--output", path, runtime=place.runtime).returncode == REFUSED
    piped = twostep("export", user, runtime=place.runtime)
    assert piped.returncode == USAGE and "--to-pipe" in piped.stderr and not piped.stdout
    assert twostep("export", user, "--to-pipe", runtime=place.runtime).stdout == path.read_text()
    done = twostep("import", "otpauth", path, "--user", other, runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    assert let_in(place, other, phone.next())


def test_secrets_of_other_services_open_no_account_that_their_labels_name(place):
    user, other = world.new_user(), world.new_user()
    keys = [base64.b32encode(os.urandom(20)).decode() for _ in range(3)]
    path = Path(f"/run/app-{user}.txt")
    path.write_text(
        f"otpauth://totp/GitHub:{user}?secret={keys[0]}&issuer=GitHub\n"
        f"otpauth://totp/{other}?secret={keys[1]}&issuer=Home\notpauth://totp/Home:{user}?secret={keys[2]}\n")

    def ask(*options):
        return twostep("import", "otpauth", path, *options, runtime=place.runtime)

    for trial in [["--dry-run"], []]:
        refused = ask(*trial)
        assert refused.returncode == REFUSED and "GitHub" in refused.stderr and "--user" in refused.stderr, refused
    shown = ask("--user", user, "--dry-run")
    assert shown.returncode == DONE, shown.stderr
    assert f"'GitHub:{user}' (totp)" in shown.stdout and "issuer 'GitHub'" in shown.stdout
    assert "'GitHub' has its secret as well" in shown.stdout
    taken = document(ask("--issuer", "Home", "--json"))
    assert (taken["imported"], taken["left_out"]) == (2, 1)
    assert [(row["account"], row["device"], row["label"], row["issuer"]) for row in taken["devices"]] == [
        (other, f"Home:{other}", other, "Home"), (user, f"Home:{user}", f"Home:{user}", "Home")]
    assert not let_in(place, user, Authenticator(keys[0]).next())
    assert let_in(place, user, Authenticator(keys[2]).next())
    chosen = document(ask("--user", user, "--only", f"GitHub:{user}", "--name", "git", "--json"))
    assert [row["device"] for row in chosen["devices"]] == ["git"] and chosen["left_out"] == 2
    assert ask("--only", "nothing").returncode == REFUSED


def test_a_batch_is_stored_as_a_whole_or_not_at_all(place):
    users = [world.new_user() for _ in range(3)]
    keys = [base64.b32encode(os.urandom(20)).decode() for _ in users]
    path = Path("/run/batch.csv")
    rows = [f"{user},totp,phone,{key}\n" for user, key in zip(users, keys)]
    path.write_text("user,module,name,secret\n" + "".join(rows) + f"nobody-there,totp,phone,{keys[0]}\n")
    done = twostep("import", "batch", path, runtime=place.runtime)
    assert done.returncode == REFUSED and "nobody-there" in done.stderr and "Nothing was stored" in done.stderr
    assert document(twostep("list", "--json", runtime=place.runtime))["devices"] == []
    path.write_text("user,module,name,secret\n" + "".join(rows))
    trial = twostep("import", "batch", path, "--dry-run", runtime=place.runtime)
    assert trial.returncode == DONE and "Would import 3 devices" in trial.stdout
    assert document(twostep("list", "--json", runtime=place.runtime))["devices"] == []
    assert twostep("import", "batch", path, runtime=place.runtime).returncode == DONE
    for user, key in zip(users, keys):
        assert let_in(place, user, Authenticator(key).next())


def test_every_user_that_there_is_not_is_named_with_the_line(place):
    user = world.new_user()
    path = Path("/run/strangers.csv")
    path.write_text(f"user,secret\n{user},{BASE32}\nnobody-here,{BASE32}\n{user},{BASE32}\nnobody-there,{BASE32}\n")
    done = twostep("import", "batch", path, runtime=place.runtime)
    assert done.returncode == REFUSED
    assert f"{path}:3: There is no account 'nobody-here'" in done.stderr
    assert f"{path}:5: nor is there 'nobody-there'\n" in done.stderr


def test_a_thousand_devices_are_one_transaction(place):
    people = world.crowd(100)
    path = Path("/run/many.json")
    rows = [
        {"user": people[number // 10], "module": "hotp", "name": f"t{number}", "secret": base64.b32encode(os.urandom(20)).decode()}
        for number in range(1000)]
    path.write_text(json.dumps(rows))
    done = twostep("import", "batch", path, "--json", runtime=place.runtime)
    assert done.returncode == DONE, done.stderr
    assert document(done)["imported"] == 1000
    for user in (people[0], people[99]):
        assert len(document(twostep("list", user, "--json", runtime=place.runtime))["devices"]) == 10


# --- one's own key, and pictures ------------------------------------------------------------------------------------


def test_a_secret_that_is_brought_along_is_enrolled_and_a_short_one_is_not(place):
    user = world.new_user()
    phone = Authenticator(BASE32)
    done = twostep(
        "enroll", user, "totp", "--secret", "-", runtime=place.runtime, input=f"{BASE32}\n{phone.next()}\n")
    assert done.returncode == DONE, done.stderr
    assert let_in(place, user, phone.next())
    short = twostep(
        "enroll", user, "totp", "--secret", "-", "--name", "old", "--no-confirm", runtime=place.runtime,
        input="GEZDGNBVGY3TQOJQ\n")
    assert short.returncode == REFUSED and "80 bits" in short.stderr
    shown = twostep("enroll", user, "totp", "--secret", BASE32, "--no-confirm", runtime=place.runtime)
    assert shown.returncode == USAGE and "--secret -" in shown.stderr


def test_a_short_key_is_imported_with_a_warning_and_works(place):
    user = world.new_user()
    path = Path("/run/short.txt")
    path.write_text(f"otpauth://totp/{user}?secret=GEZDGNBVGY3TQOJQ\n")
    done = twostep("import", "otpauth", path, runtime=place.runtime)
    assert done.returncode == DONE and "80 bits" in done.stdout, done
    assert let_in(place, user, Authenticator("GEZDGNBVGY3TQOJQ").next())


def test_pictures_are_private_and_say_what_the_device_is(place):
    user = world.new_user()
    png, svg = Path(f"/run/{user}.png"), Path(f"/run/{user}.svg")
    made = twostep(
        "enroll", user, "totp", "--no-confirm", "--json", "--png", png, "--svg", svg, runtime=place.runtime)
    assert made.returncode == DONE, made.stderr
    assert private(png) and private(svg)
    read = run("zbarimg", "--quiet", "--raw", png)
    assert read.stdout.strip() == document(made)["uri"]
    painted = svg.with_suffix(".pgm")
    painted.write_bytes(paint(svg.read_text()))
    assert run("zbarimg", "--quiet", "--raw", painted).stdout == read.stdout
    place.log.mark()
    again = twostep("show", user, "phone", "--json", runtime=place.runtime)
    assert document(again)["uri"] == document(made)["uri"]
    assert place.log.since_mark(f'secret shown user="{user}".*purpose=show', count=1)
    assert world.as_user("alice", "twostep", "show", user, "phone").returncode != DONE


def test_a_new_secret_is_drawn_with_backgrounds_alone(place):
    user = world.new_user()
    made = twostep("enroll", user, "totp", "--no-confirm", "--qr", "ansi", runtime=place.runtime)
    assert "\x1b[48;5;16m" in made.stdout and "█" not in made.stdout
