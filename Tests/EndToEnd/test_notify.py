"""Codes and requests to approve that are sent to people: by a command, by mail, by a web service; and what is not sent."""

import http.server
import json
import queue
import re
import socketserver
import ssl
import subprocess
import threading

import paramiko
import pexpect
import pytest
import world
from terminal import expect, finish, spawn
from test_programs import EVIDENCE, processes, write

TRIES = "policy:\n  - match: {}\n    tries: 3\n"
ASKED = r"(Code sent to [^:]+|Choose [^:]+): $"


class Letterbox:
    """Hears what programs say over the loopback: they can write nowhere."""

    def __init__(self):
        box = self
        self.letters = queue.Queue()

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                box.letters.put(json.loads(self.rfile.read()))

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_address[1]

    def next(self):
        """The next letter."""
        return self.letters.get(timeout=20)

    def code(self):
        """The code in the next letter."""
        return re.search(r"\b\d{8}\b", self.next()["input"])[0]

    @property
    def is_empty(self):
        return self.letters.empty()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class PushService(http.server.BaseHTTPRequestHandler):
    """A web service that people approve at: it knows what it was told, and answers what the test says."""

    def reply(self, code, **answer):
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.messages.put((dict(self.headers), message))
        self.server.reference = message["reference"]
        self.reply(self.server.status, status=f"https://localhost:{self.server.server_address[1]}/asked/1")

    def do_GET(self):
        self.server.asked += 1
        self.reply(200, **{"reference": self.server.reference} | self.server.answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def box():
    made = Letterbox()
    yield made
    made.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of localhost where programs can read it, and its key where nobody else does."""
    key = tmp_path_factory.mktemp("tls") / "key.pem"
    path = write("ca.pem", "", 0o644)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", path],
        check=True, capture_output=True)
    return path, key


@pytest.fixture
def push(certificate):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PushService)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.messages, server.answer, server.status, server.asked = queue.Queue(), {"answer": "pending"}, 200, 0
    server.url = f"https://localhost:{server.server_address[1]}/login"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def user():
    return world.new_user()


def messenger(name, box, first=""):
    """A program that hands what it was given to the letterbox, with all that others could see of it."""
    return write(name, f"""#!/usr/bin/python3 -I
import json, os, socket, sys, time
{first}
given = sys.stdin.read()
def read(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")
seen = {{"input": given, "arguments": read("/proc/self/cmdline").split("\\0")[:-1],
        "environment": read("/proc/self/environ"), "files": sorted(map(int, os.listdir("/proc/self/fd"))),
        "groups": os.getgroups(), "status": read("/proc/self/status")}}
with socket.create_connection(("127.0.0.1", {box.port})) as other:
    other.sendall(json.dumps(seen).encode())
""")


def by_command(program, more="", modules=""):
    return (f"auth_providers:\n  - type: pam\n    modules:\n      - any_of:\n          - type: notify\n{more}"
            f"            command: {{program: {program}, network: true, time: 5s}}\n{modules}{TRIES}")


def by_webhook(push, certificate, more=""):
    return ("auth_providers:\n  - type: pam\n    modules:\n      - type: notify\n        webhook:\n"
            f"          url: {push.url}\n          ca: {certificate[0]}\n          time: 5s\n"
            f"          headers: {{Authorization: Bearer s3cr3t}}\n{more}{TRIES}")


def enroll(place, user, code, *options):
    """`twostep enroll` on a terminal; `code` says what has arrived. Returns how it ended and what was shown."""
    client = spawn("twostep", "enroll", user, "notify", *options, "--runtime-directory", place.runtime)
    if expect(client, r"Code from the message: ", pexpect.EOF) == 0:
        client.sendline(code())
    return finish(client)


def begin(place, user, *arguments):
    """A login by pamtester that has come as far as its first question, or to its end."""
    child = spawn("pamtester", "-v", "-E", EVIDENCE, place.service, user, "authenticate", *arguments, timeout=40)
    child.is_over = expect(child, ASKED, r"Number: $", pexpect.EOF) == 2
    return child


def refused(place, user):
    """A login that is refused before it is asked anything; returns all that was shown."""
    child = begin(place, user)
    assert child.is_over, child.shown
    status, shown = finish(child)
    assert status != 0
    return shown


def answer(child, text):
    """Answers, and waits for the next question or the end; returns the exit status, None while it goes on."""
    child.sendline(text)
    if expect(child, ASKED, r"Number: $", pexpect.EOF) < 2:
        return None
    return finish(child)[0]


def leave(child):
    child.sendeof()
    expect(child, pexpect.EOF)
    child.close()


def by_ssh(server, user, *answers):
    """A keyboard-interactive login behind a key; an answer may be worked out from the question. Whether it let in, and what
    was asked."""
    transport, asked, left = server.connect(), [], list(answers)
    transport.auth_publickey(str(user), paramiko.Ed25519Key(filename=str(user.key)))

    def handler(title, instructions, prompts):
        texts = [text for text, _ in prompts]
        asked.extend(texts)
        return [(given(text) if callable(given := left.pop(0)) else given) if left else "" for text in texts]

    try:
        transport.auth_interactive(str(user), handler)
        return transport.is_authenticated(), asked
    except (paramiko.AuthenticationException, paramiko.SSHException, EOFError):
        return False, asked
    finally:
        transport.close()


# --- by a command -----------------------------------------------------------------------------------------------------


def test_a_code_by_a_command_lets_in_by_ssh_once(elsewhere, sshd, box, user):
    place = elsewhere(by_command(messenger("sms", box)))
    status, shown = enroll(place, user, box.code, "--to", "+49 151 $(id)")
    assert status == 0 and "Stored the device 'phone'" in shown, shown
    assert "command, +49 151 $(id)" in world.twostep("list", user, runtime=place.runtime).stdout
    used = []

    def code(_):
        used.append(box.code())
        return used[-1]

    with world.stacks_for(place, "sshd"):
        granted, asked = by_ssh(sshd, user, "12345678", code)
        assert granted, asked
        assert asked[0].endswith("Code sent to phone (s sends another): ")
        # It is good once: another login has a code of its own.
        granted, _ = by_ssh(sshd, user, *(used * 3))
        assert not granted
    assert place.log.since_mark(rf'login message service=sshd .*user="{user}" module=notify device="phone"', count=2)
    assert place.log.since_mark(rf'login granted .*user="{user}" .*modules=notify', count=1)
    assert not [line for line in place.log.all() if used[0] in line]


def test_what_a_program_is_told_stands_on_its_standard_input_and_nowhere_else(elsewhere, box, user):
    place = elsewhere(by_command(messenger("sms", box)))
    enroll(place, user, box.code, "--to", "+49 151 $(touch /tmp/x)")
    child = begin(place, user)
    letter = box.next()
    code = re.search(r"\d{8}", letter["input"])[0]
    assert letter["input"].startswith(f"To: +49 151 $(touch /tmp/x)\nAccount: {user}\nDevice: phone\nCode: {code}\n\n")
    # Python's own listing of the folder is the fourth.
    assert letter["files"][:3] == [0, 1, 2] and len(letter["files"]) <= 4
    assert letter["groups"] == [] and "NoNewPrivs:\t1" in letter["status"]
    seen = "\n".join(letter["arguments"]) + letter["environment"]
    assert code not in seen and "151" not in seen and str(user) not in seen
    assert answer(child, code) == 0


def test_a_code_of_another_session_or_account_a_second_use_and_an_old_one_are_refused(elsewhere, box, user):
    place = elsewhere(by_command(messenger("sms", box), "            messages: 20\n"))
    other = world.new_user()
    for person in (user, other):
        assert enroll(place, person, box.code, "--to", f"+{person}")[0] == 0
    first = begin(place, user)
    code = box.code()
    # Another account's session, at the same time.
    theirs = begin(place, other)
    theirs_code = box.code()
    assert answer(theirs, code) is None
    assert answer(first, theirs_code) is None
    assert answer(theirs, theirs_code) == 0
    # Another session of the same account: its own code is newer, good in it alone, and the older is good in neither.
    second = begin(place, user)
    newer = box.code()
    assert answer(second, code) is None
    assert answer(first, newer) is None
    assert answer(first, code) not in (None, 0)
    assert answer(second, newer) == 0
    # A second use, in a session that has a code of its own, and in the one that is left.
    third = begin(place, user)
    box.next()
    assert answer(third, newer) is None
    leave(third)
    assert len(place.log.since_mark("login granted")) == 2


def test_s_sends_another_and_the_one_before_it_is_void(elsewhere, box, user):
    place = elsewhere(by_command(messenger("sms", box)))
    enroll(place, user, box.code, "--to", "+49")
    child = begin(place, user)
    old = box.code()
    assert answer(child, "s") is None
    new = box.code()
    assert answer(child, old) is None
    assert answer(child, new) == 0


def test_no_more_is_sent_than_may_be_and_nothing_to_a_name_alone(elsewhere, box, user):
    place = elsewhere(by_command(messenger("sms", box), "            messages: 3\n"))
    enroll(place, user, box.code, "--to", "+49")
    for _ in range(5):
        done = world.run("pamtester", place.service, user, "authenticate", input="")
        assert done.returncode != 0
    assert box.is_empty, "a name alone has sent a message"
    for _ in range(2):
        child = begin(place, user)
        box.next()
        leave(child)
    assert "Too many messages were sent lately." in refused(place, user)
    # A reload forgets nothing of it.
    place.configure(place.configuration.read_text() + "    echo: false\n")
    place.reload()
    world.wait_until(lambda: place.status()["configuration"]["generation"] >= 2, "the reload")
    refused(place, user)
    assert box.is_empty


def test_wrong_codes_that_were_sent_and_wrong_codes_of_an_app_are_one_budget(elsewhere, box, user):
    place = elsewhere(by_command(messenger("sms", box), modules="          - type: totp\n"))
    phone = world.enroll(user, runtime=place.runtime)
    enroll(place, user, box.code, "--to", "+49")
    child = begin(place, user)
    assert answer(child, re.search(r"(\d)  notify", child.shown)[1]) is None
    code = box.code()
    for number in range(3):
        answer(child, f"{number}1111111")
    for number in range(3):
        child = begin(place, user)
        child.sendline(re.search(r"(\d)  totp", child.shown)[1])
        expect(child, r"Verification code[^:]*: $")
        child.sendline(phone.wrong())
        if expect(child, r"Verification code[^:]*: $", pexpect.EOF) == 0:
            leave(child)
    assert world.failures_of(user, runtime=place.runtime) == 6
    # Delayed by the sum, it is sent nothing more.
    child = begin(place, user)
    child.sendline(re.search(r"(\d)  notify", child.shown)[1])
    expect(child, "Too many wrong answers. Try again in .*Number: $")
    leave(child)
    assert box.is_empty and code


HELPERS = {
    "missing": (None, "is not there"),
    "fails": ("sys.exit(1)", "status 1"),
    "hangs": ("time.sleep(1000)", "not ended within 5 s"),
    "floods": ("while True: print('x' * 65536)", "more than 65536 bytes"),
    "dies of a signal": ("import ctypes\nctypes.string_at(0)", "signal 11"),
    "leaves a child that holds its output": (
        "if os.fork() == 0:\n    os.setsid()\n    os.execv('/bin/sleep', ['sleep', '87654'])\nsys.exit(1)", "status 1"),
}


@pytest.mark.parametrize("what", HELPERS)
def test_a_program_that_does_wrong_is_unavailable_and_other_modules_still_let_in(elsewhere, box, user, what):
    first, reason = HELPERS[what]
    path = messenger("sms", box)
    place = elsewhere(by_command(path, modules="          - type: totp\n"))
    phone = world.enroll(user, runtime=place.runtime)
    enroll(place, user, box.code, "--to", "+49")
    if first is None:
        path.unlink()
    else:
        messenger("sms", box, first)
    start = world.now()
    child = begin(place, user)
    # What was used last comes first, and nothing has been yet.
    choice = re.search(r"(\d)  notify", child.shown)[1]
    assert answer(child, choice) is None
    assert "No message could be sent." in child.shown
    assert place.log.since_mark(f"module notify: the device 'phone' of {user} was not reached: .*{reason}", count=1)
    assert world.seconds_since(start) < 15
    child.sendline(re.search(r"(\d)  totp", child.shown)[1])
    expect(child, r"Verification code[^:]*: $")
    child.sendline(phone.next())
    assert finish(child)[0] == 0
    world.wait_until(lambda: not processes("sleep 87654"), "what a program has left behind to be gone")


# --- by mail ----------------------------------------------------------------------------------------------------------


def test_a_code_by_mail_lets_in_and_a_head_has_one_recipient(elsewhere, box, user):
    place = elsewhere(
        "auth_providers:\n  - type: pam\n    modules:\n      - type: notify\n        mail:\n"
        f"          program: {messenger('sendmail', box)}\n          from: login@example.org\n          arguments: [-C, /x]\n")
    for address in ("mallory", "a@b\nBcc: c@d", "a@b,c@d"):
        status, shown = enroll(place, user, box.code, "--to", address)
        assert status != 0 and "is no address that mail could use" in shown, shown
    assert box.is_empty
    assert enroll(place, user, box.code, "--to", "someone@example.org")[0] == 0
    child = begin(place, user)
    letter = box.next()
    assert letter["arguments"][-4:] == ["-C", "/x", "-t", "-i"]
    head, _, text = letter["input"].partition("\n\n")
    assert head.split("\n")[:2] == ["From: login@example.org", "To: someone@example.org"]
    assert head.count("@") == 2 and not re.search(r"\d{8}", head)
    assert answer(child, re.search(r"\d{8}", text)[0]) == 0


# --- by a web service -------------------------------------------------------------------------------------------------


def test_a_code_by_a_web_service_lets_in_and_one_that_refuses_does_not(elsewhere, push, certificate, user):
    place = elsewhere(by_webhook(push, certificate))

    def code():
        headers, message = push.messages.get(timeout=20)
        assert headers["Authorization"] == "Bearer s3cr3t" and headers["Content-Type"] == "application/json"
        assert (message["to"], message["user"]) == ("al\"ice", user) and message["code"] in message["text"]
        return message["code"]

    assert enroll(place, user, code, "--to", "al\"ice")[0] == 0
    child = begin(place, user)
    assert answer(child, code()) == 0
    for status in (500, 302):
        push.status = status
        assert finish(begin(place, user))[0] != 0
        push.messages.get(timeout=20)
        assert place.log.since_mark(f"module notify: .*the web service has answered {status}", count=1)
    # Whoever has another certificate is told nothing.
    push.status = 200
    place.configure(by_webhook(push, ("/etc/ssl/certs/ca-certificates.crt", None)))
    place.restart()
    assert finish(begin(place, user))[0] != 0
    assert push.messages.empty()


def test_a_login_is_approved_by_its_number_and_by_nothing_else(elsewhere, sshd, push, certificate, user):
    place = elsewhere(by_webhook(push, certificate, "          approval: true\n"))
    assert enroll(place, user, lambda: push.messages.get(timeout=20)[1]["code"], "--to", "alice")[0] == 0

    def approve(question):
        number = int(re.search(r"Choose (\d\d) on phone, then press Enter", question)[1])
        _, message = push.messages.get(timeout=20)
        assert message["request"] == "approve" and "code" not in message
        assert not re.search(rf"\b{number}\b", message["text"])
        push.answer = {"answer": "approved", "number": number}
        return ""

    def mistake(question):
        approve(question)
        push.answer["number"] = 10 + (push.answer["number"] - 9) % 90
        return ""

    with world.stacks_for(place, "sshd"):
        # Enter alone is no approval.
        granted, asked = by_ssh(sshd, user, "", approve)
        assert granted and "That was not approved yet." in asked[1], asked
        granted, asked = by_ssh(sshd, user, mistake, "", "")
        assert not granted
        assert "That is not what was sent for this login" in asked[1]
    assert world.failures_of(user, runtime=place.runtime) == 1
    assert place.log.since_mark(rf'login granted .*user="{user}" .*modules=notify', count=1)
    # It outlives no session: nobody is asked once the login has ended.
    child = begin(place, user)
    leave(child)
    before = push.asked
    world.no_session_is_left(place.runtime)
    assert push.asked == before


# --- the configuration ------------------------------------------------------------------------------------------------

REFUSED = {
    "a message before anything was proved": (
        "", "{match: {service: web}, first_factor: none}", r"config.yaml:9:\d+: problem: first_factor: none before the step notify"),
    "a step that needs an address": (
        "", "{match: {service: web}, unenrolled: enroll}", r"config.yaml:9:\d+: problem: unenrolled: enroll with the step notify"),
    "a placeholder that there is not": (
        ", text: '{code} {password}'", "{match: {service: web}, tries: 2}",
        r"config.yaml:7:\d+: problem: command's text has the placeholder '{password}', expected {code}, {account}"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_configuration_that_could_not_be_meant_is_refused_with_its_place(elsewhere, box, what):
    more, rule, words = REFUSED[what]
    program = messenger("sms", box)
    place = elsewhere(f"""auth_providers:
  - type: pam
    modules:
      - any_of:
          - type: notify
            messages: 3
            command: {{program: {program}{more}}}
policy:
  - {rule}
""", start=False)
    done = world.run("twostep", "check", "--only", "configuration", *place.places[:2])
    assert done.returncode != 0 and re.search(words, done.stdout + done.stderr), done
