"""libpam from Python: a scripted conversation, and the codes that libpam returns."""

import ctypes
from dataclasses import dataclass, field

SUCCESS, SERVICE_ERR, AUTH_ERR, AUTHINFO_UNAVAIL, MAXTRIES, CONV_ERR, IGNORE = 0, 3, 7, 9, 11, 19, 25
PERM_DENIED, AUTHTOK_ERR = 6, 20
SECRET, VISIBLE, ERROR, INFO = 1, 2, 3, 4

# What sshd tells its stack after a public key.
KEY = {"SSH_AUTH_INFO_0": "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"}

_libpam = ctypes.CDLL("libpam.so.0")
_libc = ctypes.CDLL(None)
_libc.calloc.restype = ctypes.c_void_p
_libc.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
_libc.strdup.restype = ctypes.c_void_p
_libc.strdup.argtypes = [ctypes.c_char_p]


class _Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class _Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


_Converse = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.POINTER(_Response)), ctypes.c_void_p)


class _Conversation(ctypes.Structure):
    _fields_ = [("converse", _Converse), ("data", ctypes.c_void_p)]


_libpam.pam_start.argtypes = [
    ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(_Conversation), ctypes.POINTER(ctypes.c_void_p)]
for _function in (
        _libpam.pam_authenticate, _libpam.pam_setcred, _libpam.pam_acct_mgmt, _libpam.pam_chauthtok, _libpam.pam_end):
    _function.argtypes = [ctypes.c_void_p, ctypes.c_int]
_libpam.pam_putenv.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
_libpam.pam_getenv.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
_libpam.pam_getenv.restype = ctypes.c_char_p
_libpam.pam_set_item.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
_TTY, _RHOST = 3, 4


@dataclass
class Login:
    """How one authentication went."""

    code: int = -1
    setcred: int = -1
    account: int = -1
    prompts: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    environment: dict = field(default_factory=dict)

    @property
    def granted(self):
        return self.code == SUCCESS


def change(service, user, *answers, flags=0):
    """Runs pam_chauthtok with these answers, as passwd does."""
    return log_in(service, user, *answers, environment={}, call=_libpam.pam_chauthtok, flags=flags)


def log_in(
        service, user, *answers, environment=KEY, rhost="192.0.2.1", on_prompt=None, rest=False, login=None,
        call=_libpam.pam_authenticate, flags=0):
    """Authenticates with these answers, one a question; where they end, the conversation fails.

    An answer is text, bytes, something that makes one when it is asked for, or None for no answer at all. `on_prompt(number)` is called at each question; `rest`
    runs pam_setcred and pam_acct_mgmt as well; `login` is filled in while it goes on.
    """
    login = Login() if login is None else login
    left = list(answers)

    def converse(count, messages, responses, _):
        array = ctypes.cast(_libc.calloc(count, ctypes.sizeof(_Response)), ctypes.POINTER(_Response))
        failed = False
        for index in range(count):
            message = messages[index].contents
            text = message.text.decode(errors="replace")
            if message.style in (ERROR, INFO):
                login.messages.append(text)
                continue
            login.prompts.append(text)
            if on_prompt:
                on_prompt(len(login.prompts))
            answer = left.pop(0) if left else None
            if callable(answer):
                answer = answer()
            if isinstance(answer, tuple):
                # Made of what was asked.
                answer = answer[0](text)
            if answer is None:
                failed = True
                continue
            array[index].text = _libc.strdup(answer if isinstance(answer, bytes) else answer.encode())
        if failed:
            return CONV_ERR
        responses[0] = array
        return SUCCESS

    conversation = _Conversation(_Converse(converse), None)
    handle = ctypes.c_void_p()
    assert _libpam.pam_start(
        service.encode(), str(user).encode(), ctypes.byref(conversation), ctypes.byref(handle)) == SUCCESS
    for name, value in environment.items():
        _libpam.pam_putenv(handle, f"{name}={value}".encode())
    if rhost:
        _libpam.pam_set_item(handle, _RHOST, rhost.encode())
    _libpam.pam_set_item(handle, _TTY, b"pts/7")
    login.code = call(handle, flags)
    if rest:
        login.setcred = _libpam.pam_setcred(handle, 2)
        login.account = _libpam.pam_acct_mgmt(handle, 0)
    for name in ("TWOSTEP_PROVIDER", "TWOSTEP_MODULES"):
        value = _libpam.pam_getenv(handle, name.encode())
        if value is not None:
            login.environment[name] = value.decode()
    _libpam.pam_end(handle, login.code)
    return login


def attempts(service, user, rounds, messages=None):
    """Authenticates several times on one handle, as a screen locker does, and returns the codes; one list of answers
    a time. An answer is text, or something that makes one when it is asked for; `messages` takes what is said."""
    left = []
    said = [] if messages is None else messages

    def converse(count, shown, responses, _):
        array = ctypes.cast(_libc.calloc(count, ctypes.sizeof(_Response)), ctypes.POINTER(_Response))
        for index in range(count):
            if shown[index].contents.style in (ERROR, INFO):
                said.append(shown[index].contents.text.decode(errors="replace"))
                continue
            if not left:
                return CONV_ERR
            answer = left.pop(0)
            array[index].text = _libc.strdup((answer() if callable(answer) else answer).encode())
        responses[0] = array
        return SUCCESS

    conversation = _Conversation(_Converse(converse), None)
    handle = ctypes.c_void_p()
    assert _libpam.pam_start(
        service.encode(), str(user).encode(), ctypes.byref(conversation), ctypes.byref(handle)) == SUCCESS
    codes = []
    for answers in rounds:
        left[:] = answers
        codes.append(_libpam.pam_authenticate(handle, 0))
    _libpam.pam_end(handle, codes[-1])
    return codes


class Handle:
    """A PAM handle, for whoever calls libpam otherwise than an honest program does.

    `converse` gets the handle, the style and the text of each message, and returns the answer: bytes, None for none at
    all, or a number, which is then what the conversation returns.
    """

    USER, SERVICE, TTY, RHOST, RUSER = 2, 1, 3, 4, 8
    ESTABLISH, DELETE, REINITIALIZE, REFRESH, SILENT = 2, 4, 8, 16, 0x8000

    def __init__(self, service, user, converse=lambda *_: None, environment=KEY):
        def call(count, messages, responses, _):
            array = ctypes.cast(_libc.calloc(count, ctypes.sizeof(_Response)), ctypes.POINTER(_Response))
            for index in range(count):
                message = messages[index].contents
                given = converse(self, message.style, message.text.decode(errors="replace"))
                if isinstance(given, int):
                    return given
                if given is not None:
                    array[index].text = _libc.strdup(given)
            responses[0] = array
            return SUCCESS

        self._conversation = _Conversation(_Converse(call), None)
        self._handle = ctypes.c_void_p()
        name = None if user is None else str(user).encode()
        assert _libpam.pam_start(
            service.encode(), name, ctypes.byref(self._conversation), ctypes.byref(self._handle)) == SUCCESS
        for name, value in environment.items():
            _libpam.pam_putenv(self._handle, f"{name}={value}".encode())

    def set(self, item, value):
        return _libpam.pam_set_item(self._handle, item, value)

    def authenticate(self, flags=0):
        return _libpam.pam_authenticate(self._handle, flags)

    def setcred(self, flags):
        return _libpam.pam_setcred(self._handle, flags)

    def account(self):
        return _libpam.pam_acct_mgmt(self._handle, 0)

    def end(self, code=SUCCESS):
        _libpam.pam_end(self._handle, code)
