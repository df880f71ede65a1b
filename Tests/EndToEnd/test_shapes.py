"""Every shape of stack with every end that a login can have: what libpam is told, and who gets in."""

import pam
import pytest
import world

CONFIGURATION = """
auth_providers: [{type: pam, modules: [totp]}]
policy:
  - match: {network: [192.0.2.77/32]}
    provider: pam
    exempt: true
  - match: {}
    provider: pam
"""
EXEMPT_HOST = "192.0.2.77"


@pytest.fixture(scope="module")
def place(daemon_of_session):
    place = world.Daemon("shapes").initialize(CONFIGURATION).start()
    yield place
    place.stop()


OURS = "pam_twostep.so socket={socket}"
PASSWORD = "pam_unix.so nodelay"

# Each shape with a permit behind it, so that what is passed over would be seen; and what a stack comes to where our
# line is a success, is passed over, or refuses. Password stands for a line above that has taken one.
SHAPES = {
    "required": ([f"required {OURS}"], "in", "refused", "refused"),
    "required, then permit": ([f"required {OURS}", "required pam_permit.so"], "in", "in", "refused"),
    "requisite, then permit": ([f"requisite {OURS}", "required pam_permit.so"], "in", "in", "refused"),
    "sufficient, then deny": ([f"sufficient {OURS}", "required pam_deny.so"], "in", "refused", "refused"),
    "success=1 default=ignore, then deny and permit": (
        [f"[success=1 default=ignore] {OURS}", "requisite pam_deny.so", "required pam_permit.so"], "in", "refused", "refused"),
    "substack, then permit": (["substack {sub}", "required pam_permit.so"], "in", "in", "refused"),
    "faillock around it": (
        ["required pam_faillock.so preauth silent deny=1000 dir={tally}", f"required {OURS}",
         "required pam_faillock.so authsucc deny=1000 dir={tally}", "required pam_permit.so"], "in", "in", "refused"),
    "requisite pam_unix before": ([f"requisite {PASSWORD}", f"required {OURS}"], "in", "in", "refused"),
    "pam_unix after": ([f"required {OURS}", f"required {PASSWORD} try_first_pass"], "in", "in", "refused"),
    "die at anything but a success": ([f"[success=ok ignore=ignore default=die] {OURS}", "required pam_permit.so"],
                                      "in", "in", "refused"),
}


def service_of(shape, socket):
    name = f"shape-{list(SHAPES).index(shape)}"
    tally = f"/run/tally-{name}"
    world.write_stack(f"{name}-sub", f"auth required {OURS.format(socket=socket)}")
    lines = [line.format(socket=socket, sub=f"{name}-sub", tally=tally) for line in SHAPES[shape][0]]
    world.run("mkdir", "-p", tally)
    world.write_stack(name, *(f"auth {line}" for line in lines))
    return name


ENDS = ["right", "wrong", "tries used up", "exempt", "no evidence", "not enrolled", "daemon away", "no answer", "delayed"]
KIND = {"right": "success", "exempt": "ignore"}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_truth_table(place, syslog, shape, end):
    _, success, ignored, refusal = SHAPES[shape]
    expected = {"success": success, "ignore": ignored}.get(KIND.get(end, ""), refusal)
    user = world.new_user("shape")
    phone = None if end == "not enrolled" else world.enroll(user, runtime=place.runtime)
    asks_before, asks_after = "pam_unix before" in shape, "pam_unix after" in shape
    if end == "delayed":
        for code in phone.wrong(6):
            pam.log_in(place.service, user, code)
    code = {
        "right": lambda: phone.next(), "delayed": lambda: phone.next(), "wrong": lambda: phone.wrong(),
        "tries used up": lambda: phone.wrong(), "no answer": lambda: None, "not enrolled": lambda: "123456",
        "no evidence": lambda: phone.next(), "daemon away": lambda: "123456", "exempt": lambda: "123456",
    }[end]()
    answers = [code] if end not in ("exempt", "daemon away") and not (end == "no evidence" and not asks_before) else []
    if asks_before:
        answers = [user.password, *answers]
    if asks_after:
        answers = [*answers, user.password]
    socket = "/run/twostep-away/login.sock" if end == "daemon away" else place.socket
    if end == "daemon away":
        world.run("mkdir", "-p", "/run/twostep-away")
    login = pam.log_in(
        service_of(shape, socket), user, *answers, rhost=EXEMPT_HOST if end == "exempt" else "192.0.2.1",
        environment={} if end == "no evidence" else pam.KEY)
    if end == "no evidence" and asks_before:
        # The password above is evidence: then the code counts.
        expected = success
    assert login.granted == (expected == "in"), (login, expected)


# What libpam itself is told, where ours is the only line: login-flow, section 3, by code.
CODES = {
    "right": pam.SUCCESS, "wrong": pam.AUTH_ERR, "exempt": pam.IGNORE, "no evidence": pam.AUTH_ERR,
    "not enrolled": pam.AUTH_ERR, "daemon away": pam.AUTHINFO_UNAVAIL, "no answer": pam.CONV_ERR, "delayed": pam.MAXTRIES,
    "bad argument": pam.SERVICE_ERR,
}


@pytest.mark.parametrize("end", CODES)
def test_what_libpam_is_told(place, end):
    """Each code jumps over its own number of lines, and the line that it lands on says which it was."""
    user = world.new_user("code")
    phone = None if end == "not enrolled" else world.enroll(user, runtime=place.runtime)
    if end == "delayed":
        for code in phone.wrong(6):
            pam.log_in(place.service, user, code)
    names = {
        pam.SUCCESS: "success", pam.AUTH_ERR: "auth_err", pam.IGNORE: "ignore", pam.AUTHINFO_UNAVAIL: "authinfo_unavail",
        pam.CONV_ERR: "conv_err", pam.MAXTRIES: "maxtries", pam.SERVICE_ERR: "service_err"}
    name = names[CODES[end]]
    socket = "/run/twostep-away/login.sock" if end == "daemon away" else place.socket
    world.run("mkdir", "-p", "/run/twostep-away")
    more = " nonsense" if end == "bad argument" else ""
    # Only this code jumps over the refusal.
    world.write_stack(
        "e2e-code", f"auth [{name}=1 default=ignore] pam_twostep.so socket={socket}{more}", "auth requisite pam_deny.so",
        "auth required pam_permit.so")
    code = {"right": lambda: phone.next(), "delayed": lambda: phone.next(), "wrong": lambda: phone.wrong()}.get(
        end, lambda: None if end == "no answer" else "123456")()
    login = pam.log_in(
        "e2e-code", user, code, rhost=EXEMPT_HOST if end == "exempt" else "192.0.2.1",
        environment={} if end == "no evidence" else pam.KEY)
    assert login.granted, login
    assert len(login.prompts) == (0 if end in ("exempt", "no evidence", "daemon away", "bad argument") else 1)
