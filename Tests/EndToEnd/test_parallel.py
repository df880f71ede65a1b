"""Many at once: one code is good for one of them, and valid codes are good for all."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pam
import world

EVIDENCE = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA"


def test_of_64_logins_with_one_code_exactly_one_is_granted(daemon, enrolled):
    """In 64 processes: pamtester, which is libpam's own client."""
    user, phone = enrolled
    code = phone.next()
    clients = [
        subprocess.Popen(
            ["pamtester", "-E", EVIDENCE, "e2e", user, "authenticate"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
        for _ in range(64)
    ]
    for client in clients:
        client.stdin.write(f"{code}\n")
        client.stdin.flush()
    for client in clients:
        client.stdin.close()
    codes = [client.wait(60) for client in clients]
    assert codes.count(0) == 1, codes
    assert len(daemon.log.since_mark(f'login granted .*user="{user}"', count=1)) == 1
    world.no_session_is_left()


def test_of_64_users_with_valid_codes_all_are_granted(daemon):
    users = [world.enrolled_user("crowd") for _ in range(64)]
    codes = [phone.next() for _, phone in users]
    with ThreadPoolExecutor(64) as pool:
        logins = list(pool.map(lambda one: pam.log_in("e2e", one[0][0], one[1]), zip(users, codes)))
    assert [login.code for login in logins] == [pam.SUCCESS] * 64


def test_64_guesses_at_once_do_not_outrun_the_throttle(daemon, enrolled):
    user, phone = enrolled
    guesses = (phone.wrong(64) * 2)[:64]
    with ThreadPoolExecutor(64) as pool:
        logins = list(pool.map(lambda guess: pam.log_in("e2e", user, guess), guesses))
    assert not any(login.granted for login in logins)
    # Five are free and the sixth is the one that brings the delay.
    assert world.failures_of(user) == 6


def test_the_daemon_has_no_more_files_open_after_many_logins_than_before(daemon, enrolled):
    user, _ = enrolled
    pam.log_in("e2e", user, None)
    world.no_session_is_left()
    files = f"/proc/{daemon.process.pid}/fd"
    before = len(world.os.listdir(files))
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: pam.log_in("e2e", user, None), range(200)))
    world.no_session_is_left()
    world.wait_until(lambda: len(world.os.listdir(files)) <= before, "files of twostepd")
