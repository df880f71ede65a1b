"""What an administrator sees of logins: twostep log, metrics and report, clocks that are wrong, and the notice of the login before."""

import json
import re
import stat
from pathlib import Path

import pam
import pytest
import world

CONFIGURATION = """
auth_providers:
  - type: pam
    modules:
      - any_of: [totp, recovery_code]
policy:
  - match: {service: e2e-skip}
    unenrolled: skip
notices: {last_login: true}
"""


@pytest.fixture(scope="module")
def place(daemon_of_session):
    daemon = world.Daemon("records").initialize(CONFIGURATION).start()
    world.write_stack("e2e-skip", f"auth required pam_twostep.so socket={daemon.socket}")
    yield daemon
    daemon.stop()


def ask(place, *arguments):
    done = world.twostep(*arguments, runtime=place.runtime)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def records(place, user, *arguments):
    return json.loads(ask(place, "log", "--user", user, "--json", *arguments))["records"]


def person(place):
    user = world.new_user()
    return user, world.enroll(user, runtime=place.runtime)


def test_log_shows_what_became_of_each_login_with_its_fields(place):
    user, phone = person(place)
    assert pam.log_in(place.service, user, phone.next()).granted
    assert not pam.log_in(place.service, user, phone.wrong()).granted
    granted, refused = records(place, user)
    assert (granted["result"], granted["service"], granted["rhost"]) == ("granted", place.service, "192.0.2.1")
    assert granted["modules"] == "totp" and granted["step_offset"] in {"-1", "0", "1"}
    assert refused["result"] in {"denied", "abandoned"}
    assert [record["result"] for record in records(place, user, "--result", "granted")] == ["granted"]
    lines = ask(place, "log", "--user", user, "-n", "1").splitlines()
    assert len(lines) == 1 and re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d login ", lines[0])


def test_a_phone_that_is_ahead_is_refused_and_named_to_the_administrator_alone(place):
    user, phone = person(place)
    login = pam.log_in(place.service, user, phone.at(phone.step + 4))
    assert not login.granted
    assert not any("ahead" in text for text in login.messages + login.prompts)
    world.wait_until(lambda: records(place, user, "--result", "diagnosed"), "the diagnosis")
    # A step may have ended between making the code and judging it.
    message = records(place, user, "--result", "diagnosed")[0]["message"]
    assert re.search(r'reason=clock_ahead .*hint="phone is (90|120) s ahead"', message), message
    assert world.failures_of(user, place.runtime) == 1


def test_metrics_count_what_happened_and_end_as_openmetrics_does(place):
    user, phone = person(place)
    assert pam.log_in(place.service, user, phone.next()).granted
    text = ask(place, "metrics")
    assert text.endswith("\n# EOF\n")
    assert f'twostep_logins_total{{result="granted",reason="",service="{place.service}"}} ' in text
    assert re.search(r'^twostep_answers_total\{module="totp",outcome="accepted"\} [1-9]', text, re.M)
    assert re.search(r'^twostep_commit_duration_seconds_bucket\{le="\+Inf"\} [1-9]', text, re.M)
    assert re.search(r'^twostep_build_info\{version="[0-9.]+"\} 1$', text, re.M)


def test_the_textfile_is_replaced_whole_and_can_be_read_by_all(place):
    path = Path("/run/twostep-e2e.prom")
    for _ in range(2):
        assert ask(place, "metrics", "--textfile", path) == ""
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
        assert "# TYPE twostep_logins_total counter\n" in path.read_text()
    path.unlink()


def test_report_has_who_is_enrolled_and_who_would_be_locked_out(place):
    user, phone = person(place)
    assert pam.log_in(place.service, user, phone.next()).granted
    other = world.new_user()
    pam.log_in("e2e-skip", other)

    def accounts(*options):
        return {row["account"]: row for row in json.loads(ask(place, "report", "--json", *options))["accounts"]}

    world.wait_until(lambda: str(other) in accounts(), "the login that was let off")
    row = accounts()[str(user)]
    assert row["enrolled"] and row["codes_left"] == 10 and row["last_login"]["result"] == "granted"
    active = accounts("--unenrolled-active")
    assert active[str(other)]["prospect"] == "skipped" and str(user) not in active
    # A ticket is nothing to answer with.
    ask(place, "ticket", other)
    assert not accounts()[str(other)]["enrolled"] and str(other) in accounts("--unenrolled-active")
    assert ask(place, "report", "--csv").startswith("account,enrolled,devices,")


def test_a_person_is_told_of_the_login_before_and_of_what_failed_since_also_after_a_crash(place):
    user, phone = person(place)
    assert not any("Last login" in text for text in pam.log_in(place.service, user, phone.next()).messages)
    place.kill()
    place.start()
    pam.log_in(place.service, user, phone.wrong())
    login = pam.log_in(place.service, user, phone.next())
    assert login.granted
    told = r"Last login with a code: \w{3} \d+ \w{3} \d\d:\d\d from 192\.0\.2\.1 \(e2e-records\)\. 1 failed attempt since\."
    assert re.search(told, " ".join(login.messages)), login.messages
